import { dashboard } from "../dashboard.ts";
import { serviceLinks } from "../links.ts";
import { bargauge, stat } from "../panels/stat.ts";
import { timeseries } from "../panels/timeseries.ts";
import { rate, series, sumBy, union } from "../promql.ts";
import { metric } from "../targets.ts";
import { goodBelow } from "../thresholds.ts";
import { metricLabel } from "../variables.ts";

const HOST = 'instance=~"$instance"';
const and = (more: string) => `${HOST}, ${more}`;

/** Real file systems: the others are in memory, or read-only and therefore always full. */
const DISKS = and('fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs"');

const instance = metricLabel(
  { name: "instance", label: "Machine", description: "The machine, by the address of its node_exporter." },
  "node_uname_info",
  "instance",
);

const CORES = `count by (instance) (${series("node_cpu_seconds_total", and('mode="idle"'))})`;
const busy = `${sumBy(["instance"], rate("node_cpu_seconds_total", and('mode!~"idle|iowait"')))}\n/ ${CORES}`;
const memoryUsed = `1 - ${sumBy(["instance"], series("node_memory_MemAvailable_bytes", HOST))}\n/\n${sumBy(["instance"], series("node_memory_MemTotal_bytes", HOST))}`;
const diskUsed = `1 - ${series("node_filesystem_avail_bytes", DISKS)} / ${series("node_filesystem_size_bytes", DISKS)}`;

const summary = [
  stat({
    title: "CPU in use",
    description: "Share of the time of all cores that is in use. Waiting for a disk does not count as use.",
    targets: [metric(busy, "{{instance}}")],
    unit: "percentunit",
    decimals: 0,
    steps: goodBelow(0.8, 0.95),
    width: 6,
    height: 5,
  }),
  stat({
    title: "Memory in use",
    description:
      "Share of the memory that is not available to programs. Caches that the system can free do not count.",
    targets: [metric(memoryUsed, "{{instance}}")],
    unit: "percentunit",
    decimals: 0,
    steps: goodBelow(0.8, 0.95),
    width: 6,
    height: 5,
  }),
  bargauge({
    title: "Disks in use",
    description: "Share of each file system that is used or reserved.",
    targets: [metric(diskUsed, "{{mountpoint}}")],
    unit: "percentunit",
    decimals: 0,
    min: 0,
    max: 1,
    steps: goodBelow(0.8, 0.95),
    width: 12,
    height: 5,
  }),
];

const cpu = [
  timeseries({
    title: "CPU by mode",
    description:
      "Share of the time of all cores by mode, without idle: at 100 % every core is busy. `steal` is time that the hypervisor gave to other machines.",
    targets: [
      metric(
        `${sumBy(["instance", "mode"], rate("node_cpu_seconds_total", and('mode!="idle"')))}\n/ on (instance) group_left ()\n${CORES}`,
        "{{mode}}",
      ),
    ],
    unit: "percentunit",
    max: 1,
    stacked: true,
    width: 8,
    height: 10,
  }),
  timeseries({
    title: "Load per core",
    description:
      "Load average over 1, 5 and 15 minutes, divided by the number of cores: tasks that run, or wait for a CPU or a disk. Above 1, tasks are waiting.",
    targets: ["1", "5", "15"].map((minutes) =>
      metric(`${sumBy(["instance"], series(`node_load${minutes}`, HOST))}\n/ ${CORES}`, `${minutes} min`),
    ) as [ReturnType<typeof metric>, ...ReturnType<typeof metric>[]],
    unit: "short",
    steps: ["green", [1, "orange"]],
    stepLines: true,
    width: 8,
    height: 10,
  }),
  timeseries({
    title: "CPU by component",
    description: "Processor time that each component of the lab used: 100 % is one core.",
    targets: [
      metric(
        sumBy(
          ["service_name"],
          union(rate("process_cpu_seconds_total"), rate("otelcol_process_cpu_seconds_total")),
        ),
        "{{service_name}}",
      ),
    ],
    unit: "percentunit",
    stacked: true,
    width: 8,
    height: 10,
    links: serviceLinks,
  }),
];

const memory = [
  timeseries({
    title: "Memory",
    description: "Memory in use, and memory that is available to programs.",
    targets: [
      metric(
        `${sumBy([], series("node_memory_MemTotal_bytes", HOST))} - ${sumBy([], series("node_memory_MemAvailable_bytes", HOST))}`,
        "in use",
      ),
      metric(sumBy([], series("node_memory_MemAvailable_bytes", HOST)), "available"),
      metric(
        `${sumBy([], series("node_memory_SwapTotal_bytes", HOST))} - ${sumBy([], series("node_memory_SwapFree_bytes", HOST))}`,
        "swap in use",
      ),
    ],
    unit: "bytes",
    width: 12,
    height: 10,
  }),
  timeseries({
    title: "Memory by component",
    description: "The resident memory of each component of the lab.",
    targets: [
      metric(
        sumBy(["service_name"], union("process_resident_memory_bytes", "otelcol_process_memory_rss_bytes")),
        "{{service_name}}",
      ),
    ],
    unit: "bytes",
    stacked: true,
    width: 12,
    height: 10,
    links: serviceLinks,
  }),
];

const disks = [
  timeseries({
    title: "Free disk space",
    description: "The free space of each file system, in bytes.",
    targets: [metric(series("node_filesystem_avail_bytes", DISKS), "{{mountpoint}}")],
    unit: "bytes",
    width: 8,
    height: 10,
  }),
  timeseries({
    title: "Disk throughput",
    description: "Bytes per second, for each disk.",
    targets: [
      metric(sumBy(["device"], rate("node_disk_read_bytes_total", HOST)), "{{device}} read"),
      metric(sumBy(["device"], rate("node_disk_written_bytes_total", HOST)), "{{device}} written"),
    ],
    unit: "Bps",
    width: 8,
    height: 10,
  }),
  timeseries({
    title: "Disk utilization",
    description: "Share of the time in which each disk was busy.",
    targets: [metric(rate("node_disk_io_time_seconds_total", HOST), "{{device}}")],
    unit: "percentunit",
    width: 8,
    height: 10,
  }),
];

const REAL = and('device!~"veth.*|br-.*|docker.*"');

const network = [
  timeseries({
    title: "Network throughput",
    description:
      "Bytes per second, for each interface. Without containers all of the lab's own traffic is on lo.",
    targets: [
      metric(sumBy(["device"], rate("node_network_receive_bytes_total", REAL)), "{{device}} received"),
      metric(sumBy(["device"], rate("node_network_transmit_bytes_total", REAL)), "{{device}} sent"),
    ],
    unit: "Bps",
    width: 12,
    height: 10,
  }),
  timeseries({
    title: "Network errors and drops",
    description: "Packets per second with errors, and dropped packets, over all interfaces. Should be 0.",
    targets: [
      metric(
        sumBy(
          [],
          `${rate("node_network_receive_errs_total", REAL)} + ${rate("node_network_transmit_errs_total", REAL)}`,
        ),
        "errors",
      ),
      metric(
        sumBy(
          [],
          `${rate("node_network_receive_drop_total", REAL)} + ${rate("node_network_transmit_drop_total", REAL)}`,
        ),
        "drops",
      ),
    ],
    unit: "pps",
    width: 12,
    height: 10,
  }),
];

export const host = dashboard({
  name: "host",
  title: "Host",
  description:
    "Does the machine have capacity left? CPU, memory, disks and network of the machine, and how much each component of the lab uses.",
  variables: [instance],
  sections: [
    { title: "Summary", panels: summary },
    { title: "Processor", panels: cpu },
    { title: "Memory", panels: memory },
    { title: "Disks", panels: disks },
    { title: "Network", panels: network },
  ],
});

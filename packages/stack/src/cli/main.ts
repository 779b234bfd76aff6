import { LAB_VERSION } from "@lgtm-lab/contracts/repository";
import { Command, InvalidArgumentError } from "commander";
import { LabError } from "../terminal/messages.ts";

/** An option of the commands for faults. */
const CONTEXT = [
  "--context <name>",
  "in the Kubernetes cluster of this kubectl context; default: on this machine",
] as const;

const program = new Command("lab")
  .description(
    "Runs the lab: the services and their observability stack, on this machine, without containers.",
  )
  .version(LAB_VERSION)
  .showHelpAfterError("(npx lab --help lists the commands)");

program
  .command("start")
  .description("start everything in the foreground, with demo traffic (npm start)")
  .action(async () => exit(await (await import("./up.ts")).up({ traffic: true })));

program
  .command("up")
  .description("download or build missing programs, and start everything")
  .option("-d, --detach", "run in the background; return when everything is ready")
  .option("--traffic", "send demo traffic (LAB_TRAFFIC_RPS requests a second)")
  .option("--auth", "require access tokens at the gateways; npx lab token prints one")
  .option("--tls", "use TLS at the gateways, collector and Loki, and mutual TLS to A and B; docs/tls.md")
  .option("--scale <service=instances>", "start several instances, such as service-a=3; repeatable", eachOf)
  .option("--hosts", "run client, gateways and each service on separate hosts (Linux, as root)")
  .action(async (options) => exit(await (await import("./up.ts")).up(options)));

program
  .command("down")
  .description("stop everything in order, even if another process started it")
  .action(async () => exit(await (await import("./down.ts")).down()));

program
  .command("status")
  .description(
    "show the state, pid, version, source, ports, uptime, restarts and memory of each component; the exit code is 0 if everything is ready",
  )
  .option("--json", "print JSON")
  .action(async (options) => exit(await (await import("./status.ts")).status(options)));

program
  .command("logs")
  .argument("<name>", "a component")
  .description("show the end of a component's log")
  .option("-f, --follow", "also show new lines as they are written")
  .option("-n, --lines <count>", "number of lines", lineCount, 50)
  .action(async (name, options) => exit(await (await import("./logs.ts")).logs(name, options)));

program
  .command("alerts")
  .description("show the alerts that Alertmanager sent: when each fired and when it was resolved")
  .option("-n, --lines <count>", "number of alerts to show (the newest)", lineCount, 50)
  .option("--json", "print JSON")
  .action(async (options) => exit(await (await import("./alerts.ts")).alerts(options)));

program
  .command("doctor")
  .description("check each signal hop by hop; report broken hops and losses with their fixes")
  .option("--json", "print JSON")
  .action(async (options) => exit(await (await import("./doctor.ts")).doctor(options)));

program
  .command("break")
  .argument("<name>", "a fault (npx lab faults lists all)")
  .option("--for <time>", "duration, such as 90s or 5m; at most 1h", "5m")
  .option("--instance <number>", "one instance of a service that has several; default: all of them")
  .option(...CONTEXT)
  .description("set a fault, to see how metrics, traces, logs and alerts show it")
  .action(async (name, options) => exit(await (await import("./faults.ts")).breakFault(name, options)));

program
  .command("fix")
  .argument("[name]", "a fault; default: all faults")
  .option(...CONTEXT)
  .description("end one fault, or all")
  .action(async (name, options) => exit(await (await import("./faults.ts")).fixFault(name, options)));

program
  .command("faults")
  .option(...CONTEXT)
  .description("list all faults, and show which are active")
  .action(async (options) => exit(await (await import("./faults.ts")).listFaults(options)));

program
  .command("token")
  .option("--scope <name>", "a scope of the token; repeatable", eachOf, [])
  .option("--expires <time>", "lifetime, such as 90s or 10m; at most 1h", "10m")
  .option("--subject <name>", "the subject of the token", "lab")
  .option("--rotate", "sign new tokens with a new key; prints no token")
  .description("print an access token for a stack that was started with --auth")
  .action(async (options) => exit(await (await import("./token.ts")).token(options)));

program
  .command("certificates")
  .option("--days <number>", "lifetime, from 1 to 90", "1")
  .option("--name <name>", "a further DNS name or IP address of every service; repeatable", eachOf, [])
  .description(
    "issue or renew the certificates of all services for TLS; running services load them within seconds",
  )
  .action(async (options) => exit(await (await import("./certificates.ts")).certificates(options)));

program
  .command("load")
  .option("--quick", "four steps for each protocol; takes two minutes")
  .option("--users <counts>", "numbers of users, such as 25,50")
  .option("--duration <time>", "measured time of each step, such as 30s")
  .option("--transport <name>", "grpc or rest; default: both")
  .option("--hosts", "over a network of separate hosts, as lab up --hosts starts them")
  .description("compare throughput and latency of gRPC and REST, from 25 to 3,200 users, with k6")
  .action(async (options) => exit(await (await import("./load.ts")).load(options)));

program
  .command("reset")
  .description("delete all traces, metrics, logs and alerts")
  .option("-y, --yes", "do not ask for confirmation")
  .action(async (options) => exit(await (await import("./down.ts")).reset(options)));

program
  .command("launch", { hidden: true })
  .option("--traffic")
  .option("--auth")
  .option("--tls")
  .option("--scale <service=instances>", "", eachOf)
  .option("--hosts")
  .action(async (options) => exit(await (await import("./up.ts")).launch(options)));

function lineCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number, such as 50.");
  return Number(text);
}

/** Collects the values of an option that can be given several times. */
function eachOf(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function exit(code: number): void {
  process.exitCode = code;
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof LabError ? error.message : error);
  exit(1);
}

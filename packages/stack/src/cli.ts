import { Command, InvalidArgumentError } from "commander";
import { LabError } from "./report/failure.ts";
import { LAB_VERSION } from "./repository.ts";

const program = new Command("lab")
  .description("Runs the lab: the services and a complete LGTM stack, on this machine, without containers.")
  .version(LAB_VERSION)
  .showHelpAfterError("(lab --help lists the commands)");

program
  .command("start")
  .description("up, in the foreground, with demo traffic (npm start)")
  .action(async () => exit(await (await import("./commands/up.ts")).up({ traffic: true })));

program
  .command("up")
  .description("find or build what is missing, and start everything")
  .option("-d, --detach", "return when everything is ready, and leave it running")
  .option("--traffic", "with demo traffic (LAB_TRAFFIC_RPS requests a second)")
  .action(async (options) => exit(await (await import("./commands/up.ts")).up(options)));

program
  .command("down")
  .description("stop everything, in order")
  .action(async () => exit(await (await import("./commands/down.ts")).down()));

program
  .command("status")
  .description("what runs, since when, from where; the exit code is 0 when all is ready")
  .option("--json", "for programs")
  .action(async (options) => exit(await (await import("./commands/status.ts")).status(options)));

program
  .command("logs")
  .argument("<name>", "a component")
  .description("the end of a component's log")
  .option("-f, --follow", "and what comes after it")
  .option("-n, --lines <count>", "so many lines", lineCount, 50)
  .action(async (name, options) => exit(await (await import("./commands/logs.ts")).logs(name, options)));

program
  .command("alerts")
  .description("what Alertmanager has sent: each alert when it fired, and when it was resolved")
  .option("-n, --lines <count>", "so many of them, the newest", lineCount, 50)
  .option("--json", "for programs")
  .action(async (options) => exit(await (await import("./commands/alerts.ts")).alerts(options)));

program
  .command("doctor")
  .description("follow each signal hop by hop, and name the broken hop and what mends it")
  .option("--json", "for programs")
  .action(async (options) => exit(await (await import("./commands/doctor.ts")).doctor(options)));

program
  .command("break")
  .argument("<name>", "a fault (lab faults lists them)")
  .option("--for <time>", "how long: 90s, 5m, 1h at most", "5m")
  .description("break something on purpose, to see what tells of it")
  .action(async (name, options) =>
    exit(await (await import("./commands/faults.ts")).breakFault(name, options)),
  );

program
  .command("fix")
  .argument("[name]", "a fault; without one, all")
  .description("end what lab break began")
  .action(async (name) => exit(await (await import("./commands/faults.ts")).fixFault(name)));

program
  .command("faults")
  .description("what can be broken, and what is")
  .action(async () => exit(await (await import("./commands/faults.ts")).listFaults()));

program
  .command("reset")
  .description("delete all traces, metrics, logs and alerts")
  .option("-y, --yes", "without asking")
  .action(async (options) => exit(await (await import("./commands/reset.ts")).reset(options)));

program
  .command("supervise", { hidden: true })
  .option("--traffic")
  .action(async (options) => exit(await (await import("./commands/supervise.ts")).supervise(options)));

function lineCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It is a number of lines.");
  return Number(text);
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

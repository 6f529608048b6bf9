/** Tells the log, once per session each, what a site may have to set so that its maintenance is seen. */
import { cut } from "./words.ts";

/** The part of a pino logger that is used. */
export interface NoticeLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** The attribute that is read where nothing else is set. */
export const defaultMaintenanceAttribute = "gpuinfo.maintenance";

/** More kinds of tasks than that say nothing new. */
const mostTypes = 100;

export class SessionNotices {
  readonly #log: NoticeLog;
  readonly #attribute: string;
  readonly #toldTypes = new Set<string>();
  #wasDefined: boolean | undefined;

  constructor(log: NoticeLog, attribute: string) {
    this.#log = log;
    this.#attribute = attribute;
  }

  /** Task types that run or are scheduled on hosts, or on what is above them, and that nobody told us of. */
  unknownTasks(types: readonly string[]): void {
    const added = types.map((type) => cut(type, 120)).filter((type) => !this.#toldTypes.has(type));
    const taskTypes = [...new Set(added)].slice(0, mostTypes - this.#toldTypes.size).toSorted();
    if (taskTypes.length === 0) return;
    for (const type of taskTypes) this.#toldTypes.add(type);
    this.#log.info(
      { taskTypes },
      "tasks of unknown types on hosts, or on what is above hosts, do not count as maintenance: name those that take hosts down in MAINTENANCE_TASK_TYPES",
    );
  }

  /** Whether vCenter has the maintenance attribute; undefined says nothing. */
  attribute(isDefined: boolean | undefined): void {
    if (isDefined === undefined || isDefined === this.#wasDefined) return;
    const before = this.#wasDefined;
    this.#wasDefined = isDefined;
    const { name, fields } = {
      name: cut(this.#attribute, 80),
      fields: { attribute: this.#attribute },
    };
    if (isDefined) {
      if (before !== undefined)
        this.#log.info(fields, `custom attribute ${name} is defined in vCenter now`);
      return;
    }
    if (before === true)
      this.#log.warn(
        fields,
        `custom attribute ${name} is no longer defined in vCenter: the maintenance of hosts that still have a text in it is unknown`,
      );
    else this.#neverDefined(name, fields);
  }

  /** Who chose the name expects it to be there. */
  #neverDefined(name: string, fields: object): void {
    const level = this.#attribute === defaultMaintenanceAttribute ? "info" : "warn";
    this.#log[level](
      fields,
      `custom attribute ${name} is not defined in vCenter; nothing is read from custom attributes: define it, or correct MAINTENANCE_ATTRIBUTE`,
    );
  }
}

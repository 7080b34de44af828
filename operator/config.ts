import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/protocol';
import { assertCidrs } from '@berth/protocol/outbound';
import type { ClusterSink } from './deliver/cluster-sinks.ts';
import type { BrowserConfig, PlanConfig, Resources } from './plan/observed.ts';
import type { Engine } from './resource/whatsapp-session.ts';

/** What an operator is told by its configuration file and its environment. */
export interface OperatorConfig {
  /** This replica's name, unique among them: the holder of the Lease. */
  readonly identity: string;
  readonly logLevel: string;
  readonly namespace: string;
  readonly leaseName: string;
  /** DNS names under which pods reach the operator. */
  readonly dnsNames: readonly string[];
  /** CIDRs of private addresses that webhooks may point to. */
  readonly outboundAllow: readonly string[];
  readonly ports: { readonly api: number; readonly health: number };
  /** How fast runs are started, over all sessions. */
  readonly starts: { readonly perSecond: number; readonly burst: number; readonly concurrent: number };
  /** How many sessions may be away at once because of another image or other defaults. */
  readonly rollout: { readonly concurrent: number };
  /** Who hears of every end, with their keys in the operator's namespace. */
  readonly clusterSinks: readonly ClusterSink[];
  /** From the first refusal of an end's record until its pod is released without one, in milliseconds. */
  readonly endRecordDeadlineMs: number;
  readonly plan: PlanConfig;
}

/** The configuration is missing or wrong; the message names the field. */
export class ConfigurationError extends BerthError {
  readonly code = 'CONFIGURATION_INVALID';
  readonly retryable = false;
}

const invalid = (field: string, found: unknown, wanted: string) =>
  new ConfigurationError(
    `Cannot read the configuration: "${field}" is ${JSON.stringify(found) ?? 'absent'}; set it to ${wanted}`,
  );

/** @throws {ConfigurationError} a field is missing or of the wrong type */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const file = environment['BERTH_CONFIG'];
  if (!file) throw invalid('BERTH_CONFIG', file, 'the path of the configuration file (in the environment)');
  const identity = environment['POD_NAME'];
  if (!identity) throw invalid('POD_NAME', identity, "this replica's name (in the environment)");
  return parseConfig(readJson(file), identity, environment['LOG_LEVEL'] ?? 'info');
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigurationError(`Cannot read the configuration: "${file}" is not a readable JSON file; mend it`, {
      cause,
    });
  }
}

/** Checks a parsed configuration file and fills in what may be left out. */
export function parseConfig(raw: unknown, identity: string, logLevel: string): OperatorConfig {
  const root = new Fields(raw, '');
  const session = root.object('session');
  const clusterSinks = clusterSinksOf(root);
  const namespace = root.string('namespace');
  const serviceName = root.string('serviceName');
  const apiPort = root.number('apiPort', 8443);
  return {
    identity,
    logLevel,
    namespace,
    leaseName: root.string('leaseName', 'berth-operator'),
    dnsNames: [`${serviceName}.${namespace}.svc`, `${serviceName}.${namespace}.svc.cluster.local`, 'localhost'],
    outboundAllow: cidrs(root.object('outbound').strings('allow')),
    starts: {
      perSecond: root.object('starts').positive('perSecond', 20),
      burst: root.object('starts').positive('burst', 40, 1),
      concurrent: root.object('starts').positive('concurrent', 200, 1),
    },
    rollout: { concurrent: root.object('rollout').positive('concurrent', 3, 1) },
    ports: { api: apiPort, health: root.number('healthPort', 8080) },
    clusterSinks,
    endRecordDeadlineMs: root.number('endRecordDeadlineSeconds', 120) * 1000,
    plan: {
      clusterSinks: clusterSinks.map(({ url }) => url),
      drainMs: root.number('drainSeconds', 2) * 1000,
      // PID 1 of a session's image ends the process 7 s after SIGTERM, the kubelet 2 s after a deletion with grace 0.
      unconfirmedWaitMs: root.number('unconfirmedWaitSeconds', 15) * 1000,
      fenceMs: root.number('fenceSeconds', 300) * 1000,
      operatorNamespace: namespace,
      operatorUrl: root.string('operatorUrl', `https://${serviceName}.${namespace}.svc:8443`),
      images: byEngine((engine) => session.object('images').string(engine)),
      imagePullPolicy: session.oneOf('imagePullPolicy', ['IfNotPresent', 'Always', 'Never']),
      sessionEnv: session.stringMap('env'),
      resources: byEngine((engine) => (session.object('resources').value(engine) as Resources | undefined) ?? {}),
      browser: browserOf(session.object('browser')),
      allowedPriorityClasses: session.strings('allowedPriorityClasses'),
      allowedRuntimeClasses: session.strings('allowedRuntimeClasses'),
    },
  };
}

const byEngine = <T>(of: (engine: Engine) => T): Record<Engine, T> => ({
  Baileys: of('Baileys'),
  WhatsAppWebJS: of('WhatsAppWebJS'),
});

function browserOf(browser: Fields): BrowserConfig {
  const shmSize = browser.string('shmSize', '256Mi');
  if (!/^[1-9][0-9]*(Ki|Mi|Gi)$/.test(shmSize))
    throw invalid('session.browser.shmSize', shmSize, 'a quantity such as "256Mi"');
  const seccompProfile = browser.string('seccompProfile', 'berth/chromium.json');
  // As the API server has it: a relative path that stays where it is.
  if (seccompProfile.startsWith('/') || seccompProfile.split('/').includes('..'))
    throw invalid('session.browser.seccompProfile', seccompProfile, "a path below the kubelet's seccomp folder");
  const locale = browser.string('locale', 'en-US');
  if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(locale))
    throw invalid('session.browser.locale', locale, 'a language tag such as "en-US"');
  const userAgent = browser.value('userAgent') ?? '';
  if (typeof userAgent !== 'string' || !/^[ -~]{0,512}$/.test(userAgent))
    throw invalid('session.browser.userAgent', userAgent, 'one line of ASCII, or leave it empty');
  return { sandbox: browser.boolean('sandbox', false), shmSize, seccompProfile, locale, userAgent };
}

/** Together with a session's own webhooks they fit into the 16 sinks of a record. */
const clusterSinksAtMost = 8;

function clusterSinksOf(root: Fields): readonly ClusterSink[] {
  const sinks = root.objects('sinks').map((sink) => {
    const url = sink.string('url');
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '') || url.length > 1024)
      throw invalid('sinks', 'a sink whose url is none', 'URLs of http or https with at most 1024 characters');
    if (sink.value('secretRef') === undefined) return { url };
    const secretRef = sink.object('secretRef');
    return { url, secretRef: { name: secretRef.string('name'), key: secretRef.string('key') } };
  });
  const isOnce = new Set(sinks.map(({ url }) => url)).size === sinks.length;
  if (sinks.length > clusterSinksAtMost || !isOnce)
    throw invalid('sinks', `a list of ${sinks.length}`, `at most ${clusterSinksAtMost} sinks, each URL once`);
  return sinks;
}

function cidrs(allow: readonly string[]): readonly string[] {
  try {
    assertCidrs(allow);
    return allow;
  } catch (cause) {
    throw new ConfigurationError(
      `Cannot read the configuration: "outbound.allow" holds something that is no CIDR (${String(cause)}); write each as 10.0.0.0/8`,
      { cause },
    );
  }
}

/** Reads fields of an object, naming each that is wrong by its path. */
class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(raw: unknown, path: string) {
    if (raw !== undefined && (typeof raw !== 'object' || raw === null || Array.isArray(raw)))
      throw invalid(path || '(the file)', raw, 'an object');
    this.#fields = (raw ?? {}) as Record<string, unknown>;
    this.#path = path;
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  value(name: string): unknown {
    return this.#fields[name];
  }

  object(name: string): Fields {
    return new Fields(this.#fields[name], this.#at(name));
  }

  string(name: string, otherwise?: string): string {
    const found = this.#fields[name] ?? otherwise;
    if (typeof found !== 'string' || found === '') throw invalid(this.#at(name), found, 'a text');
    return found;
  }

  boolean(name: string, otherwise: boolean): boolean {
    const found = this.#fields[name] ?? otherwise;
    if (typeof found !== 'boolean') throw invalid(this.#at(name), found, 'true or false');
    return found;
  }

  number(name: string, otherwise: number): number {
    const found = this.#fields[name] ?? otherwise;
    if (typeof found !== 'number' || !Number.isFinite(found) || found < 0)
      throw invalid(this.#at(name), found, 'a number of 0 or more');
    return found;
  }

  positive(name: string, otherwise: number, least = 0.01): number {
    const found = this.number(name, otherwise);
    if (found < least) throw invalid(this.#at(name), found, `a number of ${least} or more`);
    return found;
  }

  oneOf<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const found = this.#fields[name] ?? allowed[0];
    const match = allowed.find((each) => each === found);
    if (match === undefined) throw invalid(this.#at(name), found, `one of ${allowed.join(', ')}`);
    return match;
  }

  objects(name: string): readonly Fields[] {
    const found = this.#fields[name] ?? [];
    if (!Array.isArray(found)) throw invalid(this.#at(name), typeof found, 'a list of objects');
    return found.map((each, index) => new Fields(each, `${this.#at(name)}[${index}]`));
  }

  strings(name: string): readonly string[] {
    const found = this.#fields[name] ?? [];
    if (!Array.isArray(found) || found.some((each) => typeof each !== 'string'))
      throw invalid(this.#at(name), found, 'a list of texts');
    return found as string[];
  }

  stringMap(name: string): Readonly<Record<string, string>> {
    const found = this.#fields[name] ?? {};
    if (typeof found !== 'object' || Array.isArray(found))
      throw invalid(this.#at(name), typeof found, 'a map of texts');
    for (const [key, value] of Object.entries(found))
      if (typeof value !== 'string') throw invalid(`${this.#at(name)}.${key}`, typeof value, 'a text');
    return found as Record<string, string>;
  }
}

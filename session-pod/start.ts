import { performance } from 'node:perf_hooks';
import { createLocalServer } from './api/local-server.ts';
import type { Route } from './api/route.ts';
import { recentAcksRoute } from './api/routes/acks.get.ts';
import { healthzRoute } from './api/routes/healthz.get.ts';
import { mediaRoute } from './api/routes/media.get.ts';
import { recentMessagesRoute } from './api/routes/messages.get.ts';
import { sendMessageRoute } from './api/routes/messages.post.ts';
import { metricsRoute } from './api/routes/metrics.get.ts';
import { pairingCodeRoute } from './api/routes/pairing-code.get.ts';
import { qrRoute } from './api/routes/qr.get.ts';
import { readyzRoute } from './api/routes/readyz.get.ts';
import { stopRoute } from './api/routes/stop.post.ts';
import { selfSignedCertificate } from './api/self-signed-certificate.ts';
import { createApiServer } from './api/server.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { watchCertificateAuthority } from './deliver/certificate-authority.ts';
import { createOperatorReport } from './deliver/operator-report.ts';
import type { LoadedEngine } from './engine/load-engine.ts';
import { loadEngine } from './engine/load-engine.ts';
import type { Log } from './publish/log.ts';
import { createLog } from './publish/log.ts';
import { masked } from './publish/masked-text.ts';
import type { Metrics } from './publish/metrics.ts';
import { createMetrics } from './publish/metrics.ts';
import { quietConsole } from './publish/quiet-console.ts';
import { withDeadline } from './run/deadline.ts';
import { createEngineEnd } from './run/engine-end.ts';
import { createFileSlot } from './run/file-slot.ts';
import { terminationLogOf, writeLastWords } from './run/last-words.ts';
import { logOutStep } from './run/log-out-step.ts';
import type { RecentAcks } from './run/recent-acks.ts';
import { createRecentAcks } from './run/recent-acks.ts';
import type { RecentMessages } from './run/recent-messages.ts';
import { createRecentMessages } from './run/recent-messages.ts';
import { createRunEnd } from './run/run-end.ts';
import type { StopSignal } from './run/stop-signal.ts';
import type { Supervisor } from './run/supervisor.ts';
import { createSupervisor } from './run/supervisor.ts';
import { CredentialsCorruptError } from './storage/credential-store.ts';
import { recordRun } from './storage/runs.ts';
import { lockVolume } from './storage/volume-lock.ts';

/** Whole stop after a SIGTERM; PID 1 ends the process 7 s after it in any case. */
const stopAfterSignalMs = 4_500;
const probeWithinMs = 1_500; // The kubelet waits 2 s.
const nowMs = () => Date.now();
const sendWithinMs = 20_000; // Baileys gives up a muted connection after 60 s.
const fileWithinMs = 60_000; // One of 16 MiB takes 27 s at 5 Mbit/s.
const logoutWithinMs = 5_000;
/** Of the time for a stop, kept back from the logout: enough for the steps after it on a connection that is frozen. */
const afterLogoutMs = 3_000;
const lastReportWithinMs = 500;
/** For an engine that could not close in order and is ended by force. */
const forcedEndMs = 1_000;
/** Of the time for a stop, kept back from the engine: for its login, the volume, and the last report on a network that is slow. */
const afterCloseMs = 800;
/** A run that was replaced has to know from the operator whether it was by its own successor. */
const askWhenReplacedMs = 2_500;

/** What the process hears before `run()` has loaded an engine is no engine's. */
let loaded: LoadedEngine | undefined;

/** Builds the parts and starts them; from then on the process ends through `runEnd`, or through `crash`. */
async function run(config: Config, log: Log, stopSignal: StopSignal): Promise<void> {
  const { dataDirectory, runUid } = config;
  const lock = lockVolume(dataDirectory, { runUid, pod: `${config.podNamespace}/${config.podName}` });
  recordRun(dataDirectory, { runUid, startedAtMs: nowMs() });
  const ca = watchCertificateAuthority(config.caFile, log);
  const certificate = selfSignedCertificate(config.podName, nowMs());
  const metrics = createMetrics();
  const messages = createRecentMessages();
  const acks = createRecentAcks();
  const engine = await loadEngine(config, log); // Last, as it takes the longest.
  loaded = engine;

  let eraseCredentials = false;
  let logOut = false;
  let isReplaced = false;
  const report = createOperatorReport({
    operatorUrl: config.operatorUrl,
    ca,
    tokenFile: config.tokenFile,
    log,
    onOver: (message) => supervisor.tell({ type: 'RunOver', message }, stopAfterSignalMs),
  });
  const supervisor = createSupervisor({
    createEngine: engine.create,
    onMessage(message) {
      metrics.countMessage('in');
      messages.add(message);
    },
    onAck: acks.add,
    onSession: metrics.showSession,
    sendReport: (content) => report.send({ ...content, runUid, certificateSha256: certificate.sha256 }),
    onEnd({ reason, code, message, exitCode, ...end }, withinMs) {
      eraseCredentials = end.eraseCredentials;
      logOut = end.logOut === true;
      isReplaced = reason === 'replaced';
      const words = { ...(reason ? { reason } : {}), ...(code === undefined ? {} : { code }), message };
      runEnd.begin(words, exitCode, withinMs);
    },
    onCorrection: ({ code, message }) => runEnd.correct({ code, message }),
    processStartedAtMs: performance.timeOrigin,
    reconnectWindowMs: config.reconnectWindowSeconds * 1_000,
    nowMs,
    log,
  });
  const stop = (message: string, withinMs: number, logout = false) => {
    if (supervisor.session().state !== 'stopping')
      return supervisor.tell({ type: 'StopAsked', message, logOut: logout }, withinMs);
    runEnd.begin({ message }, 0, withinMs);
    engineEnd.hurry(withinMs);
  };
  const engineEnd = createEngineEnd({
    close: (withinMs) => supervisor.engine.close(withinMs),
    closeWithinMs: engine.closeWithinMs,
    forcedEndMs,
    leavesMs: afterCloseMs,
  });
  const served = routes({ supervisor, metrics, messages, acks, stop });
  const server = createApiServer({ certificate, ca, log, routes: served });
  const local = createLocalServer({ routes: served, socket: config.localSocket, log });
  const runEnd = createRunEnd({
    terminationLog: config.terminationLog,
    nowMs,
    log,
    exit: (code) => process.exit(code),
    steps: [
      logOutStep({
        withinMs: logoutWithinMs,
        leavesMs: afterLogoutMs,
        isWanted: () => logOut,
        logout: (withinMs) => supervisor.engine.logout(withinMs),
        onConfirmed() {
          eraseCredentials = true;
        },
        log,
      }),
      engineEnd.step,
      {
        what: 'close the credentials',
        withinMs: 1_000,
        async run() {
          await engineEnd.closed();
          await engine.closeLogin(eraseCredentials);
        },
      },
      {
        what: 'release the volume',
        withinMs: 1_000,
        async run() {
          await engineEnd.closed(); // A browser that lives on the profile keeps the next run out; the lock ends with the process.
          try {
            recordRun(dataDirectory, { runUid, endedAtMs: nowMs() });
          } finally {
            lock.release();
          }
        },
      },
      {
        what: 'tell the operator',
        withinMs: askWhenReplacedMs,
        run: () => report.flush(isReplaced ? askWhenReplacedMs : lastReportWithinMs),
      },
      {
        what: 'close the API',
        withinMs: 500,
        async run() {
          await Promise.all([server.close(), local.close()]);
        },
      },
    ],
  });

  stopSignal.handTo((signal) => stop(`Asked to stop by ${signal}`, stopAfterSignalMs));
  const [port] = await Promise.all([server.listen(config.apiPort), local.listen()]);
  log.info({ port, certificateSha256: certificate.sha256 }, 'Serving');
  supervisor.start();
}

interface RouteDependencies {
  readonly supervisor: Supervisor;
  readonly metrics: Metrics;
  readonly messages: RecentMessages;
  readonly acks: RecentAcks;
  readonly stop: (message: string, withinMs: number, logout?: boolean) => void;
}

/** The pod's API on its parts, each call into the engine with a deadline. */
function routes({ supervisor, metrics, messages, acks, stop }: RouteDependencies): Route[] {
  const { engine, session } = supervisor;
  const files = createFileSlot();
  return [
    healthzRoute(),
    metricsRoute({ metrics }),
    readyzRoute({
      state: () => session().state,
      probe: () => withDeadline(engine.probe(), probeWithinMs, 'ask the engine'),
    }),
    qrRoute({ qr: () => session().qr }),
    pairingCodeRoute({ pairingCode: () => session().pairingCode }),
    recentMessagesRoute({ since: messages.since }),
    recentAcksRoute({ since: acks.since }),
    mediaRoute({
      find: messages.find,
      read: (media) =>
        withDeadline(
          files.during(() => media.read()),
          fileWithinMs,
          'read the file',
        ),
    }),
    sendMessageRoute({
      isReady: () => session().state === 'ready',
      async sendText(to, text) {
        const id = await withDeadline(engine.sendText(to, text), sendWithinMs, 'send the message');
        metrics.countMessage('out');
        return id;
      },
      async sendMedia(to, media, caption) {
        const sending = files.during(() => engine.sendMedia(to, media, caption));
        const id = await withDeadline(sending, fileWithinMs, 'send the file');
        metrics.countMessage('out');
        return id;
      },
    }),
    stopRoute({
      stop: ({ withinMs, logout = false }) =>
        stop(`Asked to ${logout ? 'log out and ' : ''}stop over its API`, withinMs, logout),
    }),
  ];
}

/** Ends the process at once: after an error that nobody expected, nothing in memory can be relied on. */
function crash(config: Config, log: Log, error: unknown): void {
  log.fatal({ err: error }, 'Run crashed');
  const message = masked(error instanceof Error ? error.message : String(error));
  try {
    const reason = error instanceof CredentialsCorruptError ? { reason: 'auth_failure' as const } : {};
    writeLastWords(config.terminationLog, { ...reason, message });
  } catch (cause) {
    log.error({ err: cause }, 'Last words cannot be written');
  }
  process.exit(1);
}

/** Reads the configuration and runs the session; the process ends by itself. */
export function start(stopSignal: StopSignal): void {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(message);
    writeLastWords(terminationLogOf(process.env), { message }); // Who has only the session's status reads it there.
    process.exit(1);
  }
  const log = createLog(config.logLevel, {
    session: `${config.podNamespace}/${config.podName}`,
    run: config.runUid,
  });
  quietConsole(log);
  process.on('uncaughtException', (error) => crash(config, log, error));
  process.on('unhandledRejection', (error) => {
    if (loaded?.isLostConnection(error))
      log.debug({ err: error }, 'Engine lost its connection in the middle of something');
    else crash(config, log, error);
  });
  run(config, log, stopSignal).catch((error: unknown) => crash(config, log, error));
}

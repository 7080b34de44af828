import { all, containerRuns, pod, reports, sessionDeleted, sinks, spec, terminated } from './cluster.ts';
import { createTeller, type Teller } from './teller.ts';

/** A session that was started and paired, 10 s after the story's beginning. */
function paired(teller: Teller): void {
  teller.see(0, 'Somebody creates the session.');
  teller.see(2, 'The kubelet reports that the container runs.', containerRuns);
  teller.see(3, 'The pod reports that a QR code waits to be scanned.', reports('waiting_for_pairing'));
  teller.see(10, 'The QR code was scanned: the pod reports that it is ready.', reports('ready'));
}

/** The same login again, in another run. */
function readyAgain(teller: Teller, seconds: number): void {
  teller.see(seconds, 'The container of the new run runs.', containerRuns);
  teller.see(seconds + 2, 'It reports that it is ready: the login was kept, no QR code was shown.', reports('ready'));
}

function theWedgedSession(): Teller {
  const teller = createTeller(
    'The wedged session',
    'The engine hangs, a stop waits for it for ever, and a kill of its process would end the neighbours too.\n' +
      'On Berth it is seen and restarted; and a kill by hand asks nothing of the hung process.',
    { recovery: { unresponsiveSeconds: 45, backoff: { baseSeconds: 1, maxSeconds: 1 } } },
  );
  paired(teller);
  teller.see(60, 'The event loop hangs: the readiness probe fails.', (cluster) =>
    pod({ ready: false, readyChangedAtMs: cluster.observed.nowMs })(cluster),
  );
  teller.see(105, 'It still fails, 45 s later.');
  teller.see(107, 'The process ignored SIGTERM, and the kubelet has killed it.', terminated());
  teller.see(108, 'The wait before the next run is over.');
  readyAgain(teller, 110);
  teller.see(
    200,
    'It hangs again. A person asks for a graceful stop.',
    all(pod({ ready: false }), spec({ desiredState: 'Stopped' })),
  );
  teller.see(203, 'The person loses patience: kill it.', spec({ desiredState: 'Killed' }));
  teller.see(205, 'The kubelet has killed it.', terminated());
  teller.see(300, 'Nobody has asked for it, so nothing starts it: no reconnect, no report, no restart of Berth.');
  teller.see(310, 'Somebody starts it.', spec({ desiredState: 'Running' }));
  readyAgain(teller, 312);
  return teller;
}

function theZombie(): Teller {
  const teller = createTeller(
    'The zombie that could not be deleted',
    'The socket is dead, a logout throws "Connection Closed" or hangs, and the instance stays until everything restarts.\n' +
      'On Berth a logout is one step of a graceful end that has a deadline; what comes after it waits for no logout.',
  );
  paired(teller);
  teller.see(60, 'The connection freezes. Somebody deletes the session.', sessionDeleted);
  teller.see(75, 'The logout hangs. Berth dies here and another one leads: it finds the reason written down.');
  teller.see(90, 'The time for a graceful end is over, whatever the logout does.');
  teller.see(92, 'The kubelet has killed it.', terminated());
  teller.see(93, 'Somebody deletes it once more: there is nothing left.');
  return teller;
}

function theLogout(): Teller {
  const teller = createTeller(
    'The logout that broke half-way',
    'A logout failed on a closed client, the database went on saying "open", and a 408 was taken for a logout: a network cut\n' +
      'of 40 s erased logins. On Berth only the word of WhatsApp ends a login, and the state says closed when it is closed.',
  );
  paired(teller);
  teller.see(
    60,
    'The network is cut: the pod reports that it dials again.',
    all(reports('reconnecting', { reconnects: 1, message: 'Connection was lost (408)' }), pod({ ready: false })),
  );
  teller.see(
    100,
    'It is back after 40 s: the same run reports that it is ready, with the same login.',
    reports('ready', { reconnects: 1 }),
  );
  teller.see(
    200,
    'The phone unlinks the device. The process has said why before it did anything else, and has ended.',
    terminated('{"reason":"logged_out","code":401,"message":"Stream Errored (conflict)"}', 1),
  );
  teller.see(201, 'The wait before the next run is over.');
  teller.see(202, 'The container of the new run runs.', containerRuns);
  teller.see(
    203,
    'It has erased the login that is worth nothing any more, and shows a fresh QR code.',
    reports('waiting_for_pairing'),
  );
  return teller;
}

function theGhosts(): Teller {
  const teller = createTeller(
    'The ghost sessions',
    'A child was slow to start, was given up but not ended, and became a session that nobody asked for when it reported an\n' +
      'hour later. On Berth a run that is given up is killed first, and the next one starts after its real exit.',
    {
      startup: { timeoutSeconds: 15 },
      recovery: { maxRestarts: 1, backoff: { baseSeconds: 1, maxSeconds: 1 } },
    },
  );
  teller.see(0, 'Somebody creates the session.');
  teller.see(2, 'The container runs, and the process is slow: it has not reported.', containerRuns);
  teller.see(17, '15 s after its start it has still not reported.');
  teller.see(19, 'It reports now. The receiver answers 410, and nothing of the report is stored.');
  teller.see(20, 'The kubelet has killed its whole process tree, and says so late.', terminated());
  teller.see(21, 'The wait before the next run is over.');
  teller.see(23, 'The container of the second run runs, as slowly.', containerRuns);
  teller.see(38, 'It has not reported either.');
  teller.see(41, 'The kubelet has killed it.', terminated());
  teller.see(3_600, 'An hour later there is no ghost: the budget is used up, and a person is needed.');
  return teller;
}

function theEndThatNobodyHeard(): Teller {
  const teller = createTeller(
    'The end that nobody heard',
    'A session_end was sent when a session was replaced or deleted, but not at a shutdown or a restart.\n' +
      'On Berth every end of a run is recorded before its pod goes, is told for at most 2 s, and told again later.',
  );
  paired(teller);
  teller.see(60, 'Somebody asks for a restart.', spec({ restartedAt: '2026-01-01T12:01:00Z' }));
  teller.see(
    62,
    'The process has ended by itself, within its time.',
    terminated('{"message":"Asked to stop over its API"}', 0),
  );
  readyAgain(teller, 64);
  teller.see(70, 'Berth itself is restarted: no run ends, and there is nothing to do.');
  teller.see(
    80,
    'The receiver hangs from now on. Somebody stops the session.',
    all(sinks(false), spec({ desiredState: 'Stopped' })),
  );
  teller.see(81, 'The process has ended.', terminated('{"message":"Asked to stop over its API"}', 0));
  teller.see(83, 'The 2 s are over: the pod goes, and the outbox goes on trying without it.');
  teller.see(
    90,
    'The receiver is back. Somebody starts the session.',
    all(sinks(true), spec({ desiredState: 'Running' })),
  );
  readyAgain(teller, 92);
  teller.see(100, 'Berth is being uninstalled.', (cluster) => ({
    ...cluster,
    observed: { ...cluster.observed, draining: true },
  }));
  teller.see(101, 'The process has ended.', terminated('{"message":"Asked to stop over its API"}', 0));
  return teller;
}

/** The stories of the project, by the names of their transcripts. */
export const stories: Readonly<Record<string, () => Teller>> = {
  'the-wedged-session': theWedgedSession,
  'the-zombie-that-could-not-be-deleted': theZombie,
  'the-logout-that-broke-half-way': theLogout,
  'the-ghost-sessions': theGhosts,
  'the-end-that-nobody-heard': theEndThatNobodyHeard,
};

"""Amounts: limits, times, counts and shares that became too small, too large, or another unit."""

from __future__ import annotations

from confguard.risk.findings import Severity
from confguard.risk.rules import kinds
from confguard.risk.rules import kinds_of_amounts as amount
from confguard.risk.rules.interface import Example
from confguard.risk.rules.table import Danger, cell, table

_HALF: tuple[tuple[float, Severity], ...] = ((2, "medium"), (4, "high"))
DANGERS = table(
    CG101=Danger(
        "an amount changed with its unit",
        "When the unit changes and the amount becomes ten or more times larger or smaller, a slip of the unit is "
        "likelier than an intention: `Gi` for `Mi`, `ms` for `s`.",
        "Check the unit; write the old amount in the new unit beside it to compare.",
        Example('timeout = "2s"\n', 'timeout = "2ms"\n', 'timeout = "2500ms"\n'),
        cell(None, amount.unit_slip),
    ),
    CG102=Danger(
        "an amount changed by an order of magnitude",
        "A typed zero more or less is the classic slip of a number. A hundred times is more than tuning does in one "
        "step; ten times often is, too.",
        "Go in smaller steps, or say in the reason why so much at once.",
        Example("batch = 50\n", "batch = 5000\n", "batch = 80\n"),
        cell(None, amount.order_of_magnitude, (1, "medium"), (2, "high"), unless="numbered"),
        outage="AWS S3, 28 February 2017: a mistyped input removed far more servers than intended",
        generic=True,
        severity="medium",
    ),
    CG103=Danger(
        "an amount became zero",
        "A limit, time or size of zero seldom means 'a little': it means never, at once, or without end.",
        "Look up what zero means for this setting; if it means off, switch it off by its switch.",
        Example('access_ttl = "15m"\n', 'access_ttl = "0s"\n', 'access_ttl = "10m"\n'),
        cell("needed amount", amount.to_zero),
    ),
    CG104=Danger(
        "an amount became negative",
        "A negative amount is either a slip or the spelling of 'without limit'.",
        "If no limit is meant, say so in the reason; nothing will stop growth from here on.",
        Example("max_clients = 100\n", "max_clients = -1\n", "max_clients = 120\n"),
        cell(None, amount.negative),
        severity="medium",
    ),
    CG105=Danger(
        "a share changed its scale",
        "One reader wants 0.05, the other 5: written for the wrong one, a share is a hundred times off.",
        "Look up whether the setting is a share of one or a percentage.",
        Example("error_ratio = 0.05\n", "error_ratio = 5\n", "error_ratio = 0.08\n"),
        cell("share", amount.share_slip),
        cell("exposure", amount.share_slip),
    ),
    CG201=Danger(
        "a limit was cut",
        "Below the number that peak traffic needs, a smaller pool, queue or rate does not slow a service down: it "
        "makes it reject what it served before.",
        "Compare with the peak of what is used now, and go down in steps, watched.",
        Example("pool_size = 64\n", "pool_size = 4\n", "pool_size = 60\n"),
        cell("limit", amount.cut, *_HALF),
        outage="login service, 18 January 2024: a tuned queue rejected 85 % of the users for 225 minutes",
    ),
    CG202=Danger(
        "a timeout was cut",
        "A timeout below what the slow requests take turns them into failures, and their retries into load. Work that "
        "was begun is often done all the same, for nobody.",
        "Compare with the 99th percentile of what is timed, under load.",
        Example('backend_timeout = "2s"\n', 'backend_timeout = "20ms"\n', 'backend_timeout = "3s"\n'),
        cell("timeout", amount.cut, *_HALF),
        outage="login service, 18 January 2024: a back end was given 20 ms in place of 2 s",
    ),
    CG203=Danger(
        "retries were raised",
        "Retries multiply load just when the other side is slow: twenty retries are twenty times the traffic.",
        "Keep retries few, with a back-off and a budget.",
        Example("retries = 2\n", "retries = 20\n", "retries = 3\n"),
        cell("retry", amount.raised, (3, "high"), least=5),
    ),
    CG206=Danger(
        "periodic work became much more frequent",
        "An interval ten times shorter is ten times the load on what is asked.",
        "Multiply by the number of instances that ask, and add jitter.",
        Example('poll_interval = "30s"\n', 'poll_interval = "1s"\n', 'poll_interval = "20s"\n'),
        cell("period", amount.cut, (10, "medium"), (30, "high")),
        severity="medium",
    ),
    CG209=Danger(
        "a limit was lifted",
        "Without a limit one client, query or process can take everything from all others.",
        "Set a limit well above the peak in place of none.",
        Example("max_connections = 800\n", 'max_connections = "unlimited"\n', "max_connections = 900\n"),
        cell("ceiling", amount.lifted),
        cell("plain ceiling", kinds.gone, (1, "low")),
    ),
    CG212=Danger(
        "retries lost their back-off",
        "Without a pause and jitter, all clients ask again at the same moment, again and again.",
        "Keep an exponential back-off with jitter.",
        Example('retry_backoff = "2s"\n', 'retry_backoff = "0s"\n', 'retry_backoff = "3s"\n'),
        cell("backoff", kinds.lost, (1, "low"), (2, "high")),
        cell("retry pause", kinds.lost, (1, "low"), (2, "high")),
    ),
    CG218=Danger(
        "the pause between steps went",
        "The pause between steps is when a failure shows; without it all steps are one.",
        "Keep each step as long as a failure takes to show.",
        Example(
            'pause_between_nodes = "5m"\n', 'pause_between_nodes = "0s"\n', 'pause_between_nodes = "4m"\n'
        ),
        cell("soak", kinds.lost, (2, "high")),
        cell("soak", amount.cut, (10, "high")),
    ),
    CG220=Danger(
        "a health check gives up sooner",
        "A check that fails after one slow answer takes instances out just when all are slow, until none is left.",
        "Allow for what a busy instance takes; watch how often it fails now.",
        Example(
            "[livenessProbe]\nfailureThreshold = 6\n",
            "[livenessProbe]\nfailureThreshold = 1\n",
            "[livenessProbe]\nfailureThreshold = 5\n",
        ),
        cell("probe patience", amount.cut, (2, "medium"), (3, "high")),
    ),
    CG301=Danger(
        "capacity went to one or to nothing",
        "One instance takes the traffic of all, and its first failure is an outage; zero is one at once.",
        "Keep at least two, or take the traffic away first.",
        Example("replicas = 12\n", "replicas = 1\n", "replicas = 11\n"),
        cell("serving", amount.few_left, (1, "high"), (2, "critical")),
    ),
    CG302=Danger(
        "capacity was cut",
        "What is left takes the traffic of all. Half the capacity is twice the load on each.",
        "Compare with what the peak needs when one of what is left fails; go down in steps.",
        Example("replicas = 12\n", "replicas = 3\n", "replicas = 10\n"),
        cell("serving", amount.minority),
        cell("serving", amount.cut, (2, "medium"), (3, "high"), least=2),
        cell("machine size", amount.smaller_size, (2, "high")),
    ),
    CG303=Danger(
        "a destructive step grew",
        "A number that says how much is removed, drained or restarted is the blast radius of a slip.",
        "Check the number against what may be gone at once; keep the check on.",
        Example("servers_to_remove = 4\n", "servers_to_remove = 400\n", "servers_to_remove = 6\n"),
        cell("destroying", amount.raised, (5, "critical")),
        outage="AWS S3, 28 February 2017: a mistyped input removed far more servers than intended",
        severity="critical",
    ),
    CG503=Danger(
        "a rollout went to everyone at once",
        "What is rolled out in stages fails for a few first; at once it fails for all.",
        "Go in steps, and wait at each for as long as a failure takes to show.",
        Example("percent = 5\n", "percent = 100\n", "percent = 10\n"),
        cell("exposure", amount.to_whole),
    ),
    CG514=Danger(
        "all may be unavailable at once",
        "A roll-out or a drain may take every instance down at the same time.",
        "Keep most of them up: a quarter unavailable at the most.",
        Example('maxUnavailable = "25%"\n', 'maxUnavailable = "100%"\n', 'maxUnavailable = "20%"\n'),
        cell("unavailable", amount.all_percent),
        cell("unavailable", amount.raised, (2, "medium"), (3, "high")),
        cell("kept available", amount.to_zero),
    ),
    CG602=Danger(
        "redundancy was lowered",
        "With fewer copies, or fewer that must agree, one failure loses data or serves old data.",
        "Keep the number that survives the failures you plan for.",
        Example("replication_factor = 3\n", "replication_factor = 1\n", "replication_factor = 5\n"),
        cell("copies", amount.cut),
        cell("copies", amount.to_zero),
    ),
    CG603=Danger(
        "retention was cut",
        "What is past the new limit is deleted at once, and no revert brings it back.",
        "Make a copy of what will go, or cut in steps.",
        Example('retention = "30d"\n', 'retention = "3d"\n', 'retention = "45d"\n'),
        cell("keeping", amount.cut, (2, "high")),
    ),
    CG413=Danger(
        "credentials live much longer",
        "A stolen token is worth as much as the time it has left, and a revoked one works until then.",
        "Keep access tokens short, and refresh them.",
        Example('access_token_ttl = "15m"\n', 'access_token_ttl = "30d"\n', 'access_token_ttl = "20m"\n'),
        cell("credential life", amount.raised, (10, "medium"), (100, "high")),
        severity="medium",
    ),
    CG414=Danger(
        "guessing became easier",
        "Lock-outs and lengths are what makes guessing passwords slow.",
        "Keep the number of guesses small and the passwords long.",
        Example("max_login_attempts = 5\n", "max_login_attempts = 500\n", "max_login_attempts = 4\n"),
        cell("guesses", amount.raised, (5, "high")),
        cell("password length", amount.cut),
        cell("hash cost", amount.cut, (2, "high")),
    ),
)

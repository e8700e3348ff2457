"""Switches, modes and names: what went off, on, blank, or became another word."""

from __future__ import annotations

from confguard.risk.rules import kinds
from confguard.risk.rules.interface import Example
from confguard.risk.rules.kinds import Word
from confguard.risk.rules.table import Danger, cell, table

_DELETING = (
    "delete destroy purge permanent permanently hard harddelete remove wipe truncate drop deleteall cascade "
    "permanentlydelete permanentdelete deletepermanently forcedelete"
)
_KEEPING = (
    "retain keep snapshot archive orphan soft softdelete mark markfordeletion trash restrict noaction dryrun"
)
DANGERS = table(
    CG401=Danger(
        "verification was switched off",
        "Without verification anyone on the way can read and change what is sent.",
        "Mend the certificate or name the authority that signed it; do not stop checking.",
        Example("[tls]\nverify = true\n", "[tls]\nverify = false\n", "[tls]\nverify = true\nca = 'x'\n"),
        cell("verification", kinds.switched_off),
        severity="critical",
    ),
    CG402=Danger(
        "authentication or encryption was switched off",
        "Whoever reaches the service may now do what only some were allowed to.",
        "Keep it on; give the caller that fails its own identity.",
        Example("[auth]\nenabled = true\n", "[auth]\nenabled = false\n", "[auth]\nenabled = true\nx = 1\n"),
        cell("access control", kinds.switched_off),
        severity="critical",
    ),
    CG407=Danger(
        "debug mode was switched on",
        "Debug modes show internals to strangers, skip checks and slow things down.",
        "Switch it on for one instance, or raise the level of one logger.",
        Example("debug = false\n", "debug = true\n", "debug = false\nname = 'x'\n"),
        cell("debugging", kinds.switched_on),
        severity="medium",
    ),
    CG421=Danger(
        "everything is logged in detail",
        "At debug or trace a service writes many times as much, often on the thread of the request: disks fill, and "
        "requests wait; secrets get into logs.",
        "Raise one logger on one instance, for a limited time.",
        Example('log_level = "warn"\n', 'log_level = "trace"\n', 'log_level = "info"\n'),
        cell("verbosity", Word(to="trace all finest silly")),
        outage="Asana, February 2023: detailed logs slowed the servers at peak",
    ),
    CG409=Danger(
        "an identity that others check was changed",
        "Issuers, audiences and realms are compared letter by letter. Tokens that were issued before carry the old one "
        "and are rejected; a slash at the end is enough.",
        "Accept both for as long as the longest-lived token lives, then drop the old one.",
        Example(
            'issuer = "https://auth.example.com"\n',
            'issuer = "https://auth.example.com/"\n',
            'issuer = "https://auth.example.com"\nname = "x"\n',
        ),
        cell("peer identity", kinds.another_literal),
        cell("own name", kinds.made_internal),
    ),
    CG410=Danger(
        "made public or privileged",
        "What strangers may reach, they will; what runs privileged takes the host with it.",
        "Give access to those who need it by name.",
        Example(
            "publicly_accessible = false\n",
            "publicly_accessible = true\n",
            "publicly_accessible = false\nx = 1\n",
        ),
        cell("public", kinds.switched_on),
    ),
    CG415=Danger(
        "runs as root, or on the host",
        "What breaks out of it, or is taken over, has the machine.",
        "Run as a user of its own; mount only what is needed.",
        Example("runAsUser = 1000\n", "runAsUser = 0\n", "runAsUser = 1001\n"),
        cell("user it runs as", kinds.root),
        cell("non-root", kinds.off_for_good),
        cell("host namespace", kinds.switched_on),
    ),
    CG417=Danger(
        "what was private is public",
        "What is public is found within minutes by those who look for it all day.",
        "Share it with those who need it, by name or by a link that ends.",
        Example('acl = "private"\n', 'acl = "public-read"\n', 'acl = "authenticated-read"\n'),
        cell(
            "visibility",
            Word(to="public publicread publicreadwrite anonymous allusers everyone world internet external"),
        ),
        cell("network type", Word(was="clusterip none", to="loadbalancer nodeport")),
        cell(None, Word(was="clusterip", to="loadbalancer nodeport")),
    ),
    CG502=Danger(
        "a text became blank",
        "A blank filter, prefix or pattern matches everything; a blank name, address or list of who may, nothing.",
        "Remove the setting if it is not wanted; a blank is a value.",
        Example('number_prefix = "1555012"\n', 'number_prefix = ""\n', 'number_prefix = "1555013"\n'),
        cell("filter", kinds.blank, (1, "high")),
        cell("needed text", kinds.blank, (1, "high")),
        cell("allowed", kinds.blank, (1, "high")),
        cell(None, kinds.blank_alone, (1, "high")),
        cell(None, kinds.blank),
        outage="Level 3, 4 October 2016: an empty filter field matched every call",
        severity="medium",
    ),
    CG504=Danger(
        "a safety net was switched off",
        "Safety nets are switched off to get something done, and missed by what comes next.",
        "Leave it on; if it is in the way, mend what it catches, or switch it off for one run only.",
        Example(
            "min_capacity_check = true\n",
            "min_capacity_check = false\n",
            "min_capacity_check = true\nx = 1\n",
        ),
        cell("safety net", kinds.switched_off, (2, "high")),
        outage="Monzo, 29 July 2019: new database nodes joined without streaming their data",
    ),
    CG507=Danger(
        "a mechanism was swapped for another",
        "Another engine, back end or protocol fails in other ways, under loads that tests do not have.",
        "Try it on a part first, long enough to see a peak.",
        Example(
            "use_streaming_backend = false\n",
            "use_streaming_backend = true\n",
            "use_streaming_backend = false\nx = 1\n",
        ),
        cell("mechanism", kinds.off_then_on),
        cell(None, kinds.another_scheme),
        cell("mechanism", kinds.another_name, (1, "medium")),
        outage="Roblox, 28 October 2021: an untried streaming back end enabled across the cluster",
    ),
    CG511=Danger(
        "a selector was removed",
        "Without its selector a job, policy or deletion applies to everything there is.",
        "Say what it shall apply to.",
        Example(
            '[cleanup]\nfilter = "tmp-*"\nage = "7d"\n',
            '[cleanup]\nage = "7d"\n',
            '[cleanup]\nfilter = "tmp-a*"\nage = "7d"\n',
        ),
        cell("selector", kinds.only_choice_gone),
    ),
    CG513=Danger(
        "a service was closed",
        "Maintenance and read-only switches turn users away by design; left on, for as long as no one notices.",
        "Say in the reason until when, and who switches it back.",
        Example(
            "maintenance_mode = false\n", "maintenance_mode = true\n", "maintenance_mode = false\nx = 1\n"
        ),
        cell("closing", kinds.closed),
    ),
    CG515=Danger(
        "deletion became irreversible",
        "A revert brings the setting back, and not the data.",
        "Keep what is deleted for a while; delete for good by hand, with a second pair of eyes.",
        Example(
            'deletionPolicy = "Retain"\n', 'deletionPolicy = "Delete"\n', 'deletionPolicy = "Snapshot"\n'
        ),
        cell(None, Word(was=_KEEPING, to=_DELETING), (1, "critical")),
        cell("deletion", Word(to="permanent permanently hard harddelete purge wipe truncate"), (1, "high")),
        cell("final", kinds.switched_on, (1, "high")),
        outage="Atlassian, 5 April 2022: a script ran in the mode that deletes for good",
        severity="critical",
    ),
    CG516=Danger(
        "checks are forced or passed over",
        "What is forced goes through also when it must not.",
        "Mend what the check complains of, or force one run by hand.",
        Example("auto_approve = false\n", "auto_approve = true\n", "auto_approve = false\nx = 1\n"),
        cell("forcing", kinds.switched_on),
        cell("webhook failure", Word(was="fail", to="ignore")),
    ),
    CG520=Danger(
        "a safety net was removed",
        "Without its probe a dead instance gets traffic; without its limit one takes what all share; without its list "
        "of who may, everybody may.",
        "Keep it, or say in the reason what takes its place.",
        Example(
            "[web.livenessProbe]\npath = '/live'\n[web.env]\nx = 1\n",
            "[web.env]\nx = 1\n",
            "[web.livenessProbe]\npath = '/live'\n[web.env]\nx = 2\n",
        ),
        cell("net", kinds.table_gone),
        cell("guarding", kinds.gone),
    ),
    CG521=Danger(
        "what is not listed is deleted from now on",
        "Automatic pruning deletes whatever a wrong path, an empty list or a failed template leaves out.",
        "Look at what it would delete first; protect what must not go.",
        Example("[sync]\nprune = false\n", "[sync]\nprune = true\n", "[sync]\nprune = false\nx = 1\n"),
        cell("pruning", kinds.switched_on),
    ),
    CG522=Danger(
        "a default for all was switched on",
        "A default takes hold of everything that says nothing itself, also of what nobody thought of.",
        "List what has no value of its own; give those that matter one first.",
        Example("globalDefault = false\n", "globalDefault = true\n", "globalDefault = false\nx = 1\n"),
        cell("default for all", kinds.off_then_on),
        outage="Grafana Cloud, 19 July 2019: a new default priority let pods push out running ingesters",
    ),
    CG523=Danger(
        "all are replaced at once",
        "One after the other, the first failure stops the roll-out; all at once, there is nothing left that works.",
        "Keep the steps; make them larger only after some went well.",
        Example('strategy = "rolling"\n', 'strategy = "recreate"\n', 'strategy = "blue-green"\n'),
        cell(
            None,
            Word(
                was="rolling rollingupdate serial sequential orderedready onebyone staged canary ondelete",
                to="recreate parallel all allatonce simultaneous immediate full concurrent",
            ),
        ),
        cell("overlapping", Word(was="forbid replace", to="allow")),
    ),
    CG524=Danger(
        "what restarts or heals by itself no longer does",
        "What dies stays dead until somebody notices.",
        "Keep it restarting, with a pause that grows.",
        Example('restart_policy = "always"\n', 'restart_policy = "no"\n', 'restart_policy = "on-failure"\n'),
        cell(
            "recoverable", Word(was="always onfailure unlessstopped true yes", to="no never false off manual")
        ),
    ),
    CG525=Danger(
        "a rule does the opposite",
        "What was let through is refused, or the other way round: for everything that the rule or default matches.",
        "Try it on the traffic of an hour ago before it counts.",
        Example(
            'default_action = "allow"\n', 'default_action = "deny"\n', 'default_action = "allow"\nx = 1\n'
        ),
        cell(
            "verdict",
            Word(was="allow accept permit pass alwaysallow", to="deny drop reject discard block refuse"),
        ),
        cell(
            "enforcement",
            Word(
                was="log count monitor detect detection report observe audit",
                to="block deny enforce prevention reject drop blocking",
            ),
        ),
        cell(
            "verdict",
            Word(was="deny drop reject discard block refuse", to="allow accept permit pass alwaysallow"),
        ),
    ),
    CG536=Danger(
        "data is placed by another rule",
        "With another number of shards, or another hash, what is stored is looked for elsewhere: caches are empty, "
        "keys are not found, order is lost.",
        "Move the data with the tool of the store, or keep the number.",
        Example("shards = 16\n", "shards = 24\n", "shards = 16\nx = 1\n"),
        cell("placement", kinds.changed),
    ),
    CG541=Danger(
        "a part of a credential is gone",
        "A key without its certificate, or a certificate without its chain or authority, is refused by the other side.",
        "Keep all parts, or change them together.",
        Example(
            "[tls]\ncert = 'a.pem'\nchain = 'b.pem'\n",
            "[tls]\ncert = 'a.pem'\n",
            "[tls]\ncert = 'a2.pem'\nchain = 'b.pem'\n",
        ),
        cell("credential part", kinds.gone),
    ),
    CG542=Danger(
        "what was sent somewhere goes nowhere",
        "Alerts, mails, logs or requests that are thrown away are missed when they are needed.",
        "Say in the reason for how long, and who looks meanwhile.",
        Example('receiver = "pager"\n', 'receiver = "blackhole"\n', 'receiver = "chat"\n'),
        cell(None, Word(to="blackhole devnull /dev/null sinkhole discard nullroute noop")),
    ),
    CG526=Danger(
        "a switch became a text",
        'In most languages the text "false" is true: a switch that is written as one is on.',
        "Write true or false without quotes.",
        Example("check = true\n", 'check = "false"\n', "check = false\n"),
        cell(None, kinds.switch_as_text),
    ),
    CG215=Danger(
        "a health probe asks something else",
        "A probe of a path or port that does not answer takes every instance out of service, one after the other.",
        "Ask the new one by hand first, in the version that runs now.",
        Example(
            '[readinessProbe]\npath = "/ready"\n',
            '[readinessProbe]\npath = "/redy"\n',
            '[readinessProbe]\npath = "/ready"\nx = 1\n',
        ),
        cell("probe target", kinds.unanswered),
    ),
    CG222=Danger(
        "a port at which nothing answers",
        "What is sent there is refused; where it went before, something still listens.",
        "Change what listens with it, in one step or before.",
        Example(
            "service: {targetPort: 8080}\ncontainer: {containerPort: 8080}\n",
            "service: {targetPort: 8081}\ncontainer: {containerPort: 8080}\n",
            "service: {targetPort: 8081}\ncontainer: {containerPort: 8081}\n",
            "yaml",
        ),
        cell("asked port", kinds.unanswered, (2, "high")),
    ),
    CG604=Danger(
        "replication no longer waits",
        "A primary that fails takes with it what its replicas did not have yet.",
        "Keep one replica that acknowledges for what must not be lost.",
        Example(
            'replication_mode = "sync"\n', 'replication_mode = "async"\n', 'replication_mode = "semisync"\n'
        ),
        cell(None, Word(was="sync synchronous semisync", to="async asynchronous")),
        cell("semi-synchronous", kinds.off_for_good),
        cell("standbys", kinds.blank),
    ),
    CG606=Danger(
        "a store evicts what it holds, or a cache refuses",
        "A policy that evicts is right for a cache, and loses what a store holds; without one a full cache refuses.",
        "Make sure that everything in it can be made again.",
        Example(
            'maxmemory-policy = "noeviction"\n',
            'maxmemory-policy = "allkeys-lru"\n',
            'maxmemory-policy = "volatile-lru"\n',
        ),
        cell(None, Word(to="allkeyslru allkeyslfu allkeysrandom")),
        cell("cache eviction", Word(to="noeviction"), (1, "high")),
        severity="medium",
    ),
)

"""What others find, and what happens by itself: names, addresses, caches, alarms, reactions, versions."""

from __future__ import annotations

from confguard.risk.rules import kinds
from confguard.risk.rules import kinds_of_amounts as amount
from confguard.risk.rules.interface import Example
from confguard.risk.rules.kinds import Word
from confguard.risk.rules.table import Danger, cell, table

DANGERS = table(
    CG306=Danger(
        "traffic takes another way",
        "Another order, weight or algorithm sends requests to servers that were not made for so many, or that do not "
        "know the session.",
        "Move a part first, and watch the load of each server.",
        Example(
            "mx:\n- {preference: 10}\n",
            "mx:\n- {preference: 30}\n",
            "mx:\n- {preference: 10, ttl: 60}\n",
            "yaml",
        ),
        cell("preference", kinds.changed),
        cell("balancing", kinds.another_name),
        cell("traffic policy", Word(was="local", to="cluster")),
        cell("traffic policy", Word(was="cluster", to="local")),
        cell("route weight", amount.to_whole),
        cell("rate key", kinds.another_name),
        cell(None, Word(was="clientip sourceip", to="none")),
    ),
    CG307=Danger(
        "a name or address is not served any more",
        "Who asks for it gets an error of certificates, another site, or nothing; old names are kept for years.",
        "Look into the access log for who still asks for it.",
        Example(
            "dns_names = ['example.com', 'www.example.com', 'api.example.com']\n",
            "dns_names = ['example.com', 'www.example.com']\n",
            "dns_names = ['example.com', 'www.example.com', 'api.example.com', 'a.example.com']\n",
        ),
        cell("served name", kinds.element_removed),
        cell("member vlan", kinds.element_removed),
        cell("announcing", kinds.off_for_good, (1, "critical")),
        cell("exposing", kinds.off_for_good),
        cell(None, amount.public_made_private),
        cell("address range", amount.range_shrank),
    ),
    CG308=Danger(
        "both ends have to agree",
        "Frames, sizes and headers that only one end knows are dropped or refused: often only the large ones.",
        "Change both ends in one step, in a window, with a way in that does not depend on it.",
        Example("mtu = 1500\n", "mtu = 9000\n", "mtu = 1500\nname = 'x'\n"),
        cell("wire", kinds.changed),
    ),
    CG427=Danger(
        "answers for one are kept for others",
        "A shared cache hands the page of the first to all who ask next, with what was his in it.",
        "Keep what tells users apart in the key, and private answers private.",
        Example(
            'cache_control = "private, no-store"\n',
            'cache_control = "public, max-age=600"\n',
            'cache_control = "private, max-age=60"\n',
        ),
        cell("cached for", kinds.cached_for_all),
        cell("caching part", kinds.element_removed),
        cell("cache key", kinds.element_removed),
        cell("cached by", Word(to="none")),
        outage="Steam, 25 December 2015: a cache rule made under attack showed users the pages of others",
    ),
    CG557=Danger(
        "an alarm calls nobody",
        "The failure comes all the same; it is heard of from users.",
        "Mend the rule that calls too often; keep one that calls.",
        Example(
            "alert: Down\nlabels: {severity: page}\n",
            "alert: Down\nlabels: {severity: info}\n",
            "alert: Down\nlabels: {severity: critical}\n",
            "yaml",
        ),
        cell(
            "alert severity",
            Word(
                was="page critical crit p1 p0 sev1 high emergency",
                to="info none debug ticket low warning p4 p5 notice",
            ),
        ),
        cell("receiver", Word(to="null none nil empty dummy")),
    ),
    CG558=Danger(
        "something happens at another time, or to another thing",
        "Jobs run while people work, or twice; backups, keys and offsets belong to what they were made for.",
        "Say which runs, data or keys the change leaves behind.",
        Example('timezone = "UTC"\n', 'timezone = "America/New_York"\n', 'timezone = "UTC"\nx = 1\n'),
        cell("time zone", kinds.another_text),
        cell("window", kinds.into_working_hours),
        cell("offset reset", kinds.another_name),
        cell("backup place", kinds.another_text),
        cell("encryption key", kinds.another_text),
        cell("cookie scope", kinds.another_text),
        cell("retried", kinds.another_text),
        cell("health check type", kinds.another_name),
    ),
    CG559=Danger(
        "what has to run before is not waited for",
        "Started too soon, it finds no network, no disk or no database, and stays down.",
        "Keep the order, or let it try again by itself.",
        Example(
            "[Unit]\nAfter=db.service\nWants=x\n",
            "[Unit]\nWants=x\n",
            "[Unit]\nAfter=db.service\nWants=y\n",
            "ini",
        ),
        cell("unit order", kinds.gone),
        cell("pull policy", Word(to="never")),
    ),
    CG560=Danger(
        "it seems to be done, and nothing is done",
        "A command that always succeeds takes the place of one that did something: nobody notices until it is needed.",
        "Switch it off by its own switch, or leave it.",
        Example(
            "archive_command = 'wal-g push %p'\n",
            "archive_command = '/bin/true'\n",
            "archive_command = 'wal-g push %f'\n",
        ),
        cell(None, kinds.no_op),
        cell(None, Word(was="enabled active", to="suspended")),
    ),
    CG548=Danger(
        "what goes wrong is answered more harshly",
        "What was kept, tried again or let pass on an error is dropped, refused or asked for by everybody at once.",
        "Try it with the error that it is for; count how often that comes.",
        Example(
            'on_invalid = "keep_last_good"\n', 'on_invalid = "delete"\n', 'on_invalid = "keep_default"\n'
        ),
        cell("reaction", kinds.harsher),
        cell(None, Word(was="warn warnonly warning", to="shutdown teardown disconnect kill terminate")),
        outage="Facebook, 23 September 2010: an invalid value was deleted, and every client asked the database for it "
        "again",
    ),
    CG552=Danger(
        "it reaches all of them",
        "What was for a few is for everyone: a mail, a rule, a change that nobody has tried at this size.",
        "Name those it is for; go to all in steps.",
        Example('audience = "internal-qa"\n', 'audience = "all-subscribers"\n', 'audience = "beta"\n'),
        cell("audience", kinds.all_of_them),
        outage="HBO Max, 17 June 2021: a test mail went to all subscribers",
    ),
    CG553=Danger(
        "everyone makes one of its own",
        "What was made once and shared is made for each request: connections and threads run out under load.",
        "Keep it shared; give it a limit instead.",
        Example('scope = "singleton"\n', 'scope = "per_request"\n', 'scope = "pooled"\n'),
        cell(
            None,
            Word(
                was="singleton shared pooled persistent perprocess",
                to="perrequest transient percall perconnection permessage",
            ),
        ),
    ),
    CG554=Danger(
        "nobody has to say yes any more",
        "The step that waited for a person runs by itself, at whatever time and after whatever went before.",
        "Keep the approval for what cannot be taken back.",
        Example('when = "manual"\n', 'when = "always"\n', 'when = "manual"\nname = "x"\n'),
        cell(None, Word(was="manual", to="onsuccess always auto automatic immediate automated")),
        cell("occasion", kinds.manual_no_longer),
        cell("automation", kinds.switched_on),
    ),
    CG423=Danger(
        "what was hidden is shown",
        "Passwords and personal data get into logs, which more people read, and which are kept longer.",
        "Keep it out of the log; raise the detail of other fields.",
        Example(
            'redact = ["password", "token"]\n',
            'redact = ["token"]\n',
            'redact = ["password", "token", "pin"]\n',
        ),
        cell("hiding", kinds.element_removed),
        cell("hiding", kinds.gone),
        cell("hiding", kinds.off_for_good),
        cell("whole requests", kinds.switched_on),
        outage="Facebook, 2019: passwords of hundreds of millions of users stood in readable logs",
    ),
    CG424=Danger(
        "another chain of trust",
        "Clients that do not know the other root refuse the connection: old devices first, or all, once it expires.",
        "Try the oldest clients that count against it; look when its root expires.",
        Example(
            'preferred_chain = "Root X1"\n',
            'preferred_chain = "Root X3"\n',
            'preferred_chain = "Root X1"\nx = 1\n',
        ),
        cell("trust anchor", kinds.another_literal),
    ),
    CG519=Danger(
        "a version is no longer pinned",
        "What is newest changes without a change here: instances differ, and a revert brings nothing back.",
        "Name the version, or the digest.",
        Example('image = "web:2.14.1"\n', 'image = "web:latest"\n', 'image = "web:2.14.2"\n'),
        cell("version", kinds.no_longer_pinned),
        cell(None, kinds.address_floating),
    ),
    CG609=Danger(
        "another minor version of what runs everything",
        "Interfaces, labels and defaults go with a minor version, and what asks for them fails; there is no way back.",
        "Read what the version removes, search for it in what runs there, and try it on a copy of the cluster.",
        Example(
            'kubernetesVersion = "v1.23.15"\n',
            'kubernetesVersion = "v1.24.9"\n',
            'kubernetesVersion = "v1.23.17"\n',
        ),
        cell(None, kinds.another_minor),
        outage="Reddit, 14 March 2023: a minor version of Kubernetes took away a label by which routes were chosen",
    ),
    CG607=Danger(
        "another major version of what keeps data",
        "Data files of one major version are not read by another: the start fails, and so does going back.",
        "Upgrade by dump or by the tool of the database, on a copy first.",
        Example('image = "postgres:13.4"\n', 'image = "postgres:16.1"\n', 'image = "postgres:13.5"\n'),
        cell("version", kinds.another_major),
        cell(None, kinds.another_in_path),
    ),
)

"""What others reach, and how: names, addresses, order among servers, caches, wires."""

from __future__ import annotations

from confguard.risk.rules import kinds
from confguard.risk.rules import kinds_of_amounts as amount
from confguard.risk.rules.interface import Example
from confguard.risk.rules.kinds import Word
from confguard.risk.rules.table import Danger, cell

__all__ = ["DANGERS"]

DANGERS = (
    Danger(
        "CG306",
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
        (
            cell("preference", kinds.changed),
            cell("balancing", kinds.another_name),
            cell("traffic policy", Word(was="local", to="cluster")),
            cell("traffic policy", Word(was="cluster", to="local")),
            cell("route weight", amount.to_whole),
            cell("rate key", kinds.another_name),
            cell(None, Word(was="clientip sourceip", to="none")),
        ),
    ),
    Danger(
        "CG307",
        "a name or address is not served any more",
        "Who asks for it gets an error of certificates, another site, or nothing; old names are kept for years.",
        "Look into the access log for who still asks for it.",
        Example(
            "dns_names = ['example.com', 'www.example.com', 'api.example.com']\n",
            "dns_names = ['example.com', 'www.example.com']\n",
            "dns_names = ['example.com', 'www.example.com', 'api.example.com', 'a.example.com']\n",
        ),
        (
            cell("served name", kinds.element_removed),
            cell("member vlan", kinds.element_removed),
            cell("announcing", kinds.off_for_good, (1, "critical")),
            cell("exposing", kinds.off_for_good),
            cell(None, amount.public_made_private),
            cell("address range", amount.range_shrank),
        ),
    ),
    Danger(
        "CG308",
        "both ends have to agree",
        "Frames, sizes and headers that only one end knows are dropped or refused: often only the large ones.",
        "Change both ends in one step, in a window, with a way in that does not depend on it.",
        Example("mtu = 1500\n", "mtu = 9000\n", "mtu = 1500\nname = 'x'\n"),
        (cell("wire", kinds.changed),),
    ),
    Danger(
        "CG427",
        "answers for one are kept for others",
        "A shared cache hands the page of the first to all who ask next, with what was his in it.",
        "Keep what tells users apart in the key, and private answers private.",
        Example(
            'cache_control = "private, no-store"\n',
            'cache_control = "public, max-age=600"\n',
            'cache_control = "private, max-age=60"\n',
        ),
        (
            cell("cached for", kinds.cached_for_all),
            cell("caching part", kinds.element_removed),
            cell("cache key", kinds.element_removed),
            cell("cached by", Word(to="none")),
        ),
        "Steam, 25 December 2015: a cache rule made under attack showed users the pages of others",
    ),
    Danger(
        "CG557",
        "an alarm calls nobody",
        "The failure comes all the same; it is heard of from users.",
        "Mend the rule that calls too often; keep one that calls.",
        Example(
            "alert: Down\nlabels: {severity: page}\n",
            "alert: Down\nlabels: {severity: info}\n",
            "alert: Down\nlabels: {severity: critical}\n",
            "yaml",
        ),
        (
            cell(
                "alert severity",
                Word(
                    was="page critical crit p1 p0 sev1 high emergency",
                    to="info none debug ticket low warning p4 p5 notice",
                ),
            ),
            cell("receiver", Word(to="null none nil empty dummy")),
        ),
    ),
    Danger(
        "CG558",
        "something happens at another time, or to another thing",
        "Jobs run while people work, or twice; backups, keys and offsets belong to what they were made for.",
        "Say which runs, data or keys the change leaves behind.",
        Example('timezone = "UTC"\n', 'timezone = "America/New_York"\n', 'timezone = "UTC"\nx = 1\n'),
        (
            cell("time zone", kinds.another_text),
            cell("window", kinds.into_working_hours),
            cell("offset reset", kinds.another_name),
            cell("backup place", kinds.another_text),
            cell("encryption key", kinds.another_text),
            cell("cookie scope", kinds.another_text),
            cell("retried", kinds.another_text),
            cell("health check type", kinds.another_name),
        ),
    ),
    Danger(
        "CG559",
        "what has to run before is not waited for",
        "Started too soon, it finds no network, no disk or no database, and stays down.",
        "Keep the order, or let it try again by itself.",
        Example(
            "[Unit]\nAfter=db.service\nWants=x\n",
            "[Unit]\nWants=x\n",
            "[Unit]\nAfter=db.service\nWants=y\n",
            "ini",
        ),
        (cell("unit order", kinds.gone), cell("pull policy", Word(to="never"))),
    ),
    Danger(
        "CG560",
        "it seems to be done, and nothing is done",
        "A command that always succeeds takes the place of one that did something: nobody notices until it is needed.",
        "Switch it off by its own switch, or leave it.",
        Example(
            "archive_command = 'wal-g push %p'\n",
            "archive_command = '/bin/true'\n",
            "archive_command = 'wal-g push %f'\n",
        ),
        (cell(None, kinds.no_op), cell(None, Word(was="enabled active", to="suspended"))),
    ),
)

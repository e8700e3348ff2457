"""What a setting does when something happens: on errors, on unknown users, in logs, without a person who looks."""

from __future__ import annotations

from confguard.risk.rules import kinds
from confguard.risk.rules.interface import Example
from confguard.risk.rules.kinds import Word
from confguard.risk.rules.table import Danger, cell

__all__ = ["DANGERS"]

DANGERS = (
    Danger(
        "CG548",
        "what goes wrong is answered more harshly",
        "What was kept, tried again or let pass on an error is dropped, refused or asked for by everybody at once.",
        "Try it with the error that it is for; count how often that comes.",
        Example(
            'on_invalid = "keep_last_good"\n', 'on_invalid = "delete"\n', 'on_invalid = "keep_default"\n'
        ),
        (
            cell("reaction", kinds.harsher),
            cell(None, Word(was="warn warnonly warning", to="shutdown teardown disconnect kill terminate")),
        ),
        "Facebook, 23 September 2010: an invalid value was deleted, and every client asked the database for it again",
    ),
    Danger(
        "CG552",
        "it reaches all of them",
        "What was for a few is for everyone: a mail, a rule, a change that nobody has tried at this size.",
        "Name those it is for; go to all in steps.",
        Example('audience = "internal-qa"\n', 'audience = "all-subscribers"\n', 'audience = "beta"\n'),
        (cell("audience", kinds.all_of_them),),
        "HBO Max, 17 June 2021: a test mail went to all subscribers",
    ),
    Danger(
        "CG553",
        "everyone makes one of its own",
        "What was made once and shared is made for each request: connections and threads run out under load.",
        "Keep it shared; give it a limit instead.",
        Example('scope = "singleton"\n', 'scope = "per_request"\n', 'scope = "pooled"\n'),
        (
            cell(
                None,
                Word(
                    was="singleton shared pooled persistent perprocess",
                    to="perrequest transient percall perconnection permessage",
                ),
            ),
        ),
    ),
    Danger(
        "CG554",
        "nobody has to say yes any more",
        "The step that waited for a person runs by itself, at whatever time and after whatever went before.",
        "Keep the approval for what cannot be taken back.",
        Example('when = "manual"\n', 'when = "always"\n', 'when = "manual"\nname = "x"\n'),
        (
            cell(None, Word(was="manual", to="onsuccess always auto automatic immediate automated")),
            cell("occasion", kinds.manual_no_longer),
            cell("automation", kinds.switched_on),
        ),
    ),
    Danger(
        "CG423",
        "what was hidden is shown",
        "Passwords and personal data get into logs, which more people read, and which are kept longer.",
        "Keep it out of the log; raise the detail of other fields.",
        Example(
            'redact = ["password", "token"]\n',
            'redact = ["token"]\n',
            'redact = ["password", "token", "pin"]\n',
        ),
        (
            cell("hiding", kinds.element_removed),
            cell("hiding", kinds.gone),
            cell("hiding", kinds.off_for_good),
            cell("whole requests", kinds.switched_on),
        ),
        "Facebook, 2019: passwords of hundreds of millions of users stood in readable logs",
    ),
    Danger(
        "CG424",
        "another chain of trust",
        "Clients that do not know the other root refuse the connection: old devices first, or all, once it expires.",
        "Try the oldest clients that count against it; look when its root expires.",
        Example(
            'preferred_chain = "Root X1"\n',
            'preferred_chain = "Root X3"\n',
            'preferred_chain = "Root X1"\nx = 1\n',
        ),
        (cell("trust anchor", kinds.another_literal),),
    ),
)

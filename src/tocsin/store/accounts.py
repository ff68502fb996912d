"""Credentials, sessions and keys in their tables."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.engine.accounts import ApiKey, Credential, CredentialKind, Session
from tocsin.store import rows
from tocsin.store.schema import api_keys, credentials, sessions, sign_ins, spent

AT_ONCE = 500
"""Tokens that one question asks for; SQLite takes 999 values at least."""


class SqlAccountsReading:
    """See engine.accounts.AccountsReading."""

    _connection: Connection

    def session(self, token_hash: bytes, now: datetime) -> Session | None:
        """See AccountsReading."""
        question = select(sessions).where(
            sessions.c.token_hash == token_hash, sessions.c.expires_at > rows.micros(now)
        )
        row = self._connection.execute(question).first()
        return None if row is None else _to_session(row)

    def sessions_of(
        self, token_hashes: Collection[bytes], now: datetime
    ) -> Mapping[bytes, Session]:
        """See AccountsReading."""
        wanted = sorted(set(token_hashes))
        found: dict[bytes, Session] = {}
        for first in range(0, len(wanted), AT_ONCE):
            question = select(sessions).where(
                sessions.c.token_hash.in_(wanted[first : first + AT_ONCE]),
                sessions.c.expires_at > rows.micros(now),
            )
            rows_ = self._connection.execute(question)
            found |= {bytes(row.token_hash): _to_session(row) for row in rows_}
        return found

    def sessions(self, person: str, now: datetime) -> Mapping[bytes, Session]:
        """See AccountsReading."""
        question = (
            select(sessions)
            .where(sessions.c.expires_at > rows.micros(now))
            .order_by(sessions.c.created_at.desc(), sessions.c.token_hash)
        )
        if person:
            question = question.where(sessions.c.person == rows.plain(person))
        found = self._connection.execute(question)
        return {bytes(row.token_hash): _to_session(row) for row in found}

    def credentials(self, person: str) -> list[Credential]:
        """See AccountsReading."""
        question = (
            select(credentials)
            .where(credentials.c.person == rows.plain(person))
            .order_by(credentials.c.created_at, credentials.c.id)
        )
        return [_to_credential(row) for row in self._connection.execute(question)]

    def credential(self, credential_id: str) -> Credential | None:
        """See AccountsReading."""
        question = select(credentials).where(credentials.c.id == rows.plain(credential_id))
        row = self._connection.execute(question).first()
        return None if row is None else _to_credential(row)

    def api_key(self, key_id: str) -> ApiKey | None:
        """See AccountsReading."""
        question = select(api_keys).where(api_keys.c.id == rows.plain(key_id))
        row = self._connection.execute(question).first()
        return None if row is None else _to_api_key(row)

    def api_keys(self, person: str) -> list[ApiKey]:
        """See AccountsReading."""
        question = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        if person:
            question = question.where(api_keys.c.person == rows.plain(person))
        return [_to_api_key(row) for row in self._connection.execute(question)]


class SqlAccountsWriting:
    """See engine.accounts.AccountsWriting."""

    _connection: Connection

    def keep_session(self, token_hash: bytes, session: Session) -> None:
        """See AccountsWriting. Sessions that have expired by then are removed."""
        created_at = rows.micros(session.created_at)
        self._connection.execute(delete(sessions).where(sessions.c.expires_at <= created_at))
        values = {
            "token_hash": token_hash,
            "person": session.person,
            "created_at": created_at,
            "expires_at": rows.micros(session.expires_at),
            "seen_at": rows.micros(session.seen_at),
            "how": session.how,
            "agent": rows.plain(session.agent),
            "address": rows.plain(session.address),
        }
        self._connection.execute(insert(sessions).values(values))

    def end_session(self, token_hash: bytes) -> None:
        """See AccountsWriting."""
        self._connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))

    def end_sessions(self, person: str, but: bytes = b"") -> int:
        """See AccountsWriting."""
        theirs = sessions.c.person == rows.plain(person)
        ending = delete(sessions).where(theirs, sessions.c.token_hash != but)
        return self._connection.execute(ending).rowcount

    def keep_seen(self, sessions_: Collection[bytes], keys: Collection[str], at: datetime) -> None:
        """See AccountsWriting."""
        seen_at = rows.micros(at)
        if sessions_:
            mine = sessions.c.token_hash.in_(sorted(sessions_))
            self._connection.execute(update(sessions).where(mine).values(seen_at=seen_at))
        if keys:
            used = api_keys.c.id.in_(sorted(keys))
            self._connection.execute(update(api_keys).where(used).values(used_at=seen_at))

    def keep_sign_in(self, code_hash: bytes, person: str, how: str, expires_at: datetime) -> None:
        """See AccountsWriting."""
        values = {
            "code_hash": code_hash,
            "person": person,
            "how": how,
            "expires_at": rows.micros(expires_at),
        }
        self._connection.execute(insert(sign_ins).values(values))

    def use_sign_in(self, code_hash: bytes, now: datetime) -> tuple[str, str] | None:
        """See AccountsWriting. Whoever removes the row has it; expired ones are removed as well."""
        mine = sign_ins.c.code_hash == code_hash
        at = rows.micros(now)
        question = select(sign_ins.c.person, sign_ins.c.how).where(mine, sign_ins.c.expires_at > at)
        row = self._connection.execute(question).first()
        used = self._connection.execute(delete(sign_ins).where(mine)).rowcount == 1
        self._connection.execute(delete(sign_ins).where(sign_ins.c.expires_at <= at))
        return (row.person, row.how) if row is not None and used else None

    def spend(self, hashed: bytes, expires_at: datetime, now: datetime) -> bool:
        """See AccountsWriting."""
        self._connection.execute(delete(spent).where(spent.c.expires_at <= rows.micros(now)))
        values = {"hash": hashed, "expires_at": rows.micros(expires_at)}
        adding = _SPENDING[self._connection.dialect.name]
        return self._connection.execute(adding, values).first() is not None

    def keep_credential(self, credential: Credential) -> bool:
        """See AccountsWriting."""
        values = {
            "id": credential.id,
            "person": credential.person,
            "kind": credential.kind,
            "name": rows.plain(credential.name),
            "data": credential.data,
            "created_at": rows.micros(credential.created_at),
            "used_at": rows.micros_or_none(credential.used_at),
        }
        adding = _PROVING[self._connection.dialect.name]
        return self._connection.execute(adding, values).first() is not None

    def change_credential(self, before: Credential, after: Credential) -> bool:
        """See AccountsWriting."""
        changing = (
            update(credentials)
            .where(
                credentials.c.id == before.id,
                credentials.c.data == before.data,
                credentials.c.used_at.is_not_distinct_from(rows.micros_or_none(before.used_at)),
            )
            .values(
                name=rows.plain(after.name),
                data=after.data,
                used_at=rows.micros_or_none(after.used_at),
            )
        )
        return self._connection.execute(changing).rowcount == 1

    def remove_credential(self, credential_id: str) -> bool:
        """See AccountsWriting."""
        mine = credentials.c.id == rows.plain(credential_id)
        return self._connection.execute(delete(credentials).where(mine)).rowcount == 1

    def remove_credentials(self, person: str, kind: CredentialKind) -> int:
        """See AccountsWriting."""
        theirs = (credentials.c.person == rows.plain(person), credentials.c.kind == kind)
        return self._connection.execute(delete(credentials).where(*theirs)).rowcount

    def keep_api_key(self, key: ApiKey) -> None:
        """See AccountsWriting."""
        values = {
            **msgspec.structs.asdict(key),
            "name": rows.plain(key.name),
            "scopes": " ".join(key.scopes),
            "created_at": rows.micros(key.created_at),
            "expires_at": rows.micros_or_none(key.expires_at),
            "used_at": rows.micros_or_none(key.used_at),
            "revoked_at": rows.micros_or_none(key.revoked_at),
        }
        self._connection.execute(insert(api_keys).values(values))

    def revoke_api_key(self, key_id: str, now: datetime) -> bool:
        """See AccountsWriting."""
        mine = (api_keys.c.id == rows.plain(key_id), api_keys.c.revoked_at.is_(None))
        revoking = update(api_keys).where(*mine).values(revoked_at=rows.micros(now))
        return self._connection.execute(revoking).rowcount == 1


# The two databases agree on these statements, but SQLAlchemy wants them built for each. They give
# back the row that they have added, and nothing where there was one.
_SPENDING = {
    "sqlite": sqlite.insert(spent).on_conflict_do_nothing().returning(spent.c.hash),
    "postgresql": postgresql.insert(spent).on_conflict_do_nothing().returning(spent.c.hash),
}
_id = credentials.c.id
_PROVING = {
    "sqlite": sqlite.insert(credentials).on_conflict_do_nothing().returning(_id),
    "postgresql": postgresql.insert(credentials).on_conflict_do_nothing().returning(_id),
}


def _to_session(row: Any) -> Session:
    return Session(
        person=row.person,
        created_at=rows.instant(row.created_at),
        expires_at=rows.instant(row.expires_at),
        seen_at=rows.instant(row.seen_at),
        how=row.how,
        agent=row.agent,
        address=row.address,
    )


def _to_credential(row: Any) -> Credential:
    return Credential(
        id=row.id,
        person=row.person,
        kind=row.kind,
        name=row.name,
        data=row.data,
        created_at=rows.instant(row.created_at),
        used_at=rows.instant_or_none(row.used_at),
    )


def _to_api_key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        key_hash=bytes(row.key_hash),
        name=row.name,
        person=row.person,
        scopes=tuple(row.scopes.split()),
        created_by=row.created_by,
        created_at=rows.instant(row.created_at),
        expires_at=rows.instant_or_none(row.expires_at),
        used_at=rows.instant_or_none(row.used_at),
        revoked_at=rows.instant_or_none(row.revoked_at),
    )

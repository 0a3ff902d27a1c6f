"""The environment each service process gets: the one place that knows the settings' names."""

from collections.abc import Mapping

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys


def service_settings(database: Database, issuer: Issuer, keys: ServiceKeys, ledger_url: str) -> dict[str, str]:
    """Answer the settings of a service, by environment name."""
    prefix = database.service.upper()
    settings = {
        f"{prefix}_DATABASE_URL": database.service_url,
        f"{prefix}_JWKS": str(issuer.jwks_path),
        f"{prefix}_ISSUER": issuer.name,
        f"{prefix}_FINGERPRINT_KEY": keys.fingerprint_key(database.service),
        f"{prefix}_KEY_FILE": str(keys.ring_path(database.service)),
    }
    if database.service == "claims":
        settings |= {
            "CLAIMS_LEDGER_URL": ledger_url,
            "CLAIMS_LEDGER_TOKEN_FILE": str(keys.token_path),
            "CLAIMS_DOCUMENT_FOLDER": str(keys.documents),
        }
    return settings


def migration_settings(database: Database) -> dict[str, str]:
    """Answer the settings of a migration: the owner's address and nothing else."""
    return {f"{database.service.upper()}_OWNER_DATABASE_URL": database.owner_url}


def constructor_arguments(settings: Mapping[str, str]) -> dict[str, str]:
    """Turn environment names into the fields of a `Settings` class (prefix off, lower case)."""
    return {name.split("_", 1)[1].lower(): value for name, value in settings.items()}

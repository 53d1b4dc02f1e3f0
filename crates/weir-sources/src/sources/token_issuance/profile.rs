//! Where each identity provider writes what.

use crate::json::Object;

/// Column of the `auth` table to the paths where a provider writes it, the first found counts. `operation` is the event's type,
/// `outcome` how it ended, `error` its error code.
pub(super) type Paths = &'static [(&'static str, &'static [&'static str])];

/// A provider's log.
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// Names that no other log has together: every path must be there.
    pub(super) marks: &'static [&'static [&'static str]],
    /// What the type is when the log has no field for it.
    pub(super) operation: Option<&'static str>,
    pub(super) paths: Paths,
}

const OKTA: Profile = Profile {
    name: "okta",
    marks: &[
        &["eventType", "eventtype"],
        &["published"],
        &["actor", "uuid"],
        &["outcome", "client", "displayMessage", "displaymessage"],
    ],
    operation: None,
    paths: &[
        ("time", &["published"]),
        ("operation", &["eventType", "eventtype"]),
        ("user", &["actor.alternateId", "actor.id"]),
        ("actor", &["actor.alternateId", "actor.id"]),
        ("actor_type", &["actor.type"]),
        (
            "credential",
            &["authenticationContext.externalSessionId", "authenticationcontext.externalSessionId"],
        ),
        ("src_ip", &["client.ipAddress", "request.ipChain.0.ip"]),
        ("user_agent", &["client.userAgent.rawUserAgent"]),
        ("auth_factor", &["authenticationContext.credentialType"]),
        ("outcome", &["outcome.result"]),
        ("status_detail", &["outcome.reason"]),
        ("event_uid", &["uuid"]),
    ],
};

const KEYCLOAK: Profile = Profile {
    name: "keycloak",
    marks: &[&["type"], &["realmId", "realmName", "realm_id"], &["clientId", "userId", "ipAddress"]],
    operation: None,
    paths: &[
        ("time", &["time", "@timestamp", "timestamp"]),
        ("operation", &["type"]),
        ("user", &["userId", "details.username"]),
        ("actor", &["userId", "details.username"]),
        ("credential", &["details.token_id", "details.session_id", "sessionId"]),
        ("parent", &["details.refresh_token_id", "sessionId"]),
        ("src_ip", &["ipAddress"]),
        ("user_agent", &["details.user_agent"]),
        ("client_uid", &["clientId"]),
        ("granted", &["details.scope"]),
        ("auth_factor", &["details.grant_type", "details.auth_method", "details.identity_provider"]),
        ("error", &["error"]),
        ("status_detail", &["details.reason", "error"]),
        ("account", &["realmName", "realmId", "realm_id"]),
        ("event_uid", &["id"]),
    ],
};

const AUTH0: Profile = Profile {
    name: "auth0",
    marks: &[
        &["type"],
        &["date"],
        &["log_id", "_id", "tenant_name"],
        &["client_id", "user_id", "ip", "description"],
    ],
    operation: None,
    paths: &[
        ("time", &["date"]),
        ("operation", &["type"]),
        ("user", &["user_id", "user_name"]),
        ("actor", &["user_id", "user_name"]),
        ("credential", &["session_id", "details.session_id"]),
        ("src_ip", &["ip", "client_ip"]),
        ("user_agent", &["user_agent"]),
        ("client_uid", &["client_id"]),
        ("granted", &["scope", "audience"]),
        ("auth_factor", &["strategy", "connection"]),
        ("hostname", &["hostname"]),
        ("status_detail", &["description"]),
        ("account", &["tenant_name"]),
        ("event_uid", &["log_id", "_id"]),
    ],
};

const ENTRA: Profile = Profile {
    name: "entra",
    marks: &[
        &["createdDateTime", "properties.createdDateTime"],
        &[
            "userPrincipalName",
            "properties.userPrincipalName",
            "servicePrincipalId",
            "properties.servicePrincipalId",
        ],
        &["appId", "properties.appId"],
    ],
    operation: Some("SignInLogs"),
    paths: &[
        ("time", &["createdDateTime", "properties.createdDateTime", "time"]),
        ("operation", &["category"]),
        (
            "user",
            &[
                "userPrincipalName",
                "properties.userPrincipalName",
                "servicePrincipalId",
                "properties.servicePrincipalId",
            ],
        ),
        (
            "actor",
            &[
                "userPrincipalName",
                "properties.userPrincipalName",
                "servicePrincipalId",
                "properties.servicePrincipalId",
            ],
        ),
        (
            "credential",
            &[
                "uniqueTokenIdentifier",
                "properties.uniqueTokenIdentifier",
                "sessionId",
                "properties.sessionId",
            ],
        ),
        ("parent", &["sessionId", "properties.sessionId"]),
        ("src_ip", &["ipAddress", "properties.ipAddress", "callerIpAddress"]),
        ("user_agent", &["userAgent", "properties.userAgent"]),
        ("client_uid", &["appId", "properties.appId"]),
        ("granted", &["resourceDisplayName", "properties.resourceDisplayName"]),
        ("auth_factor", &["authenticationRequirement", "properties.authenticationRequirement"]),
        ("key_uid", &["servicePrincipalCredentialKeyId", "properties.servicePrincipalCredentialKeyId"]),
        ("outcome", &["status.errorCode", "properties.status.errorCode", "resultType"]),
        ("status_detail", &["status.failureReason", "properties.status.failureReason"]),
        ("account", &["tenantId", "homeTenantId", "properties.homeTenantId"]),
        ("event_uid", &["id", "properties.id"]),
    ],
};

/// Names in common use; any OpenID Connect provider, or a log of one's own.
pub(super) const GENERIC: Profile = Profile {
    name: "oidc",
    marks: &[],
    operation: None,
    paths: &[
        (
            "time",
            &[
                "time",
                "timestamp",
                "ts",
                "@timestamp",
                "date",
                "event_time",
                "eventTime",
                "created_at",
                "iat",
            ],
        ),
        ("operation", &["type", "event", "event_type", "eventType", "event_name"]),
        (
            "user",
            &[
                "sub",
                "user",
                "user_id",
                "userId",
                "username",
                "user_name",
                "subject",
                "account_id",
                "member_id",
                "email",
            ],
        ),
        (
            "actor",
            &[
                "actor",
                "sub",
                "user",
                "user_id",
                "userId",
                "username",
                "user_name",
                "subject",
                "account_id",
                "member_id",
                "email",
            ],
        ),
        (
            "credential",
            &[
                "jti",
                "token_id",
                "tokenId",
                "session",
                "session_id",
                "sessionId",
                "sid",
                "access_token",
                "token",
                "id_token",
            ],
        ),
        (
            "parent",
            &[
                "parent",
                "parent_jti",
                "origin_jti",
                "refresh_token_id",
                "refresh_token",
                "sid",
                "session_id",
                "session",
            ],
        ),
        ("key_uid", &["kid", "key_id", "signing_key_id", "header.kid"]),
        (
            "src_ip",
            &[
                "ip",
                "ip_address",
                "ipAddress",
                "remote_addr",
                "client_ip",
                "remote_ip",
                "source_ip",
                "src_ip",
            ],
        ),
        ("user_agent", &["user_agent", "userAgent", "http_user_agent"]),
        ("client_uid", &["client_id", "clientId", "client", "azp"]),
        ("granted", &["scope", "scopes", "role", "aud"]),
        ("expires", &["exp", "expires_at", "expiresAt", "expiration", "expires"]),
        ("expires_in", &["expires_in", "expiresIn", "ttl"]),
        ("auth_factor", &["grant_type", "grantType", "auth_method", "amr.0", "amr"]),
        ("outcome", &["result", "outcome", "success", "status"]),
        ("error", &["error", "error_code"]),
        ("status_detail", &["error_description", "reason", "error"]),
        ("hostname", &["host", "hostname"]),
        ("account", &["tenant", "tenant_id", "realm"]),
        ("service", &["iss", "issuer"]),
        ("event_uid", &["event_id", "eventId", "uuid", "log_id"]),
    ],
};

/// The provider whose marks an object bears.
pub(super) fn of(object: &Object<'_>) -> Option<&'static Profile> {
    static KNOWN: [Profile; 4] = [OKTA, KEYCLOAK, AUTH0, ENTRA];
    KNOWN.iter().find(|p| p.marks.iter().all(|any| any.iter().any(|path| object.path(path).is_some())))
}

impl Profile {
    /// The provider as the service that did it; unknown for names in common use.
    pub(super) fn service(&self) -> Option<&'static str> {
        (self.name != GENERIC.name).then_some(self.name)
    }

    /// Where it writes a column.
    pub(super) fn paths_of(&self, column: &str) -> &'static [&'static str] {
        self.paths.iter().find(|(c, _)| *c == column).map_or(&[], |(_, paths)| paths)
    }
}

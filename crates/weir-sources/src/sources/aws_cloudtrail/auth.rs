//! Events that issue, use up or change a credential or an account.

use super::activity;
use super::event::Event;
use super::identity::Caller;
use crate::instant::instant;
use crate::json::Object;
use std::borrow::Cow;

/// What an event means for accounts and credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// OCSF class: 3001 account change, 3002 authentication, 3003 authorize session.
    pub(super) class_uid: i32,
    pub(super) activity: &'static str,
    pub(super) credential_type: Option<&'static str>,
    pub(super) protocol: &'static str,
}

/// Services in which every change is a change to who may do what.
const DIRECTORIES: [&str; 4] = ["iam", "identitystore", "sso", "sso-directory"];

/// The meaning of an event, `None` when it is an access.
pub(super) fn meaning(event: &Event<'_>) -> Option<Meaning> {
    let (service, operation) = (event.service.as_ref(), event.operation.as_ref());
    let issue = |credential, protocol| (3003, "issue", Some(credential), protocol);
    let (class_uid, activity, credential_type, protocol) = match (service, operation) {
        ("sts", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" | "AssumeRoot") => {
            issue("assumed_role", "sts")
        }
        ("sts", "GetSessionToken") => issue("session", "sts"),
        ("sts", "GetFederationToken") => issue("federation_token", "sts"),
        ("sts", "GetWebIdentityToken") => issue("web_identity_token", "sts"),
        ("signin", "ConsoleLogin" | "UserAuthentication") => (3002, "logon", None, "console"),
        ("signin", "SwitchRole" | "RenewRole") => (3003, "switch", Some("assumed_role"), "console"),
        ("signin", "GetSigninToken") => issue("signin_token", "console"),
        ("signin", "ExitRole") => (3002, "logoff", None, "console"),
        ("signin", "PasswordRecoveryRequested" | "PasswordRecoveryCompleted" | "PasswordUpdated") => {
            (3001, "update", Some("password"), "console")
        }
        ("signin", "CheckMfa" | "CredentialChallenge" | "CredentialVerification") => {
            (3002, "challenge", None, "console")
        }
        ("sso", "Authenticate") => (3002, "logon", None, "sso"),
        ("sso", "Logout") => (3002, "logoff", None, "sso"),
        ("sso", "StartDeviceAuthorization") => (3002, "challenge", None, "sso"),
        ("sso", "Federate" | "GetRoleCredentials") => issue("assumed_role", "sso"),
        ("sso" | "sso-oauth", "CreateToken" | "CreateTokenWithIAM") => issue("access_token", "sso"),
        (
            "cognito-idp",
            "InitiateAuth" | "AdminInitiateAuth" | "RespondToAuthChallenge" | "AdminRespondToAuthChallenge",
        ) => (3002, "logon", None, "cognito"),
        ("cognito-idp", "RevokeToken" | "GlobalSignOut" | "AdminUserGlobalSignOut") => {
            (3003, "revoke", None, "cognito")
        }
        ("cognito-identity", "GetCredentialsForIdentity") => issue("assumed_role", "cognito"),
        ("rolesanywhere", "CreateSession") => issue("assumed_role", "rolesanywhere"),
        ("ecr" | "ecr-public" | "codeartifact", "GetAuthorizationToken") => issue("access_token", "aws"),
        ("redshift", "GetClusterCredentials" | "GetClusterCredentialsWithIAM")
        | ("redshift-serverless", "GetCredentials") => issue("password", "aws"),
        _ if DIRECTORIES.contains(&service) && !activity::reads(operation, event.read_only()) => {
            (3001, activity::of_change(operation), changed_credential(operation), "iam")
        }
        _ => return None,
    };
    Some(Meaning { class_uid, activity, credential_type, protocol })
}

/// What kind of credential a directory operation changes, by its name.
fn changed_credential(operation: &str) -> Option<&'static str> {
    let kinds = [
        ("AccessKey", "access_key"),
        ("LoginProfile", "password"),
        ("ChangePassword", "password"),
        ("ServiceSpecificCredential", "service_specific_credential"),
        ("SSHPublicKey", "public_key"),
        ("SigningCertificate", "certificate"),
        ("ServerCertificate", "certificate"),
        ("MFADevice", "mfa_device"),
        ("SAMLProvider", "identity_provider"),
        ("OpenIDConnectProvider", "identity_provider"),
    ];
    kinds.iter().find(|(part, _)| operation.contains(part)).map(|(_, kind)| *kind)
}

/// What an event says of the credential it is about.
#[derive(Debug, Default)]
pub(super) struct Grant<'a> {
    pub(super) user: Option<Cow<'a, str>>,
    pub(super) credential: Option<Cow<'a, str>>,
    pub(super) expires: Option<String>,
    pub(super) parent: Option<Cow<'a, str>>,
    pub(super) granted: Option<Cow<'a, str>>,
    pub(super) client_uid: Option<Cow<'a, str>>,
    pub(super) factor: Option<Cow<'a, str>>,
}

/// Reads an event that means something for accounts and credentials.
pub(super) fn grant<'a>(event: &Event<'a>, meaning: Meaning, caller: &Caller<'a>) -> Grant<'a> {
    let mut grant = match meaning.class_uid {
        3001 => changed(event, caller),
        3003 => issued(event, caller),
        _ => Grant { user: caller.name.clone(), ..Grant::default() },
    };
    if meaning.class_uid != 3002 && grant.parent.is_none() {
        grant.parent = caller.credential.clone();
    }
    grant.factor = factor(event, caller);
    grant
}

/// The first text at any of these paths.
fn first<'a>(object: &Object<'a>, paths: &[&str]) -> Option<Cow<'a, str>> {
    paths.iter().find_map(|p| object.text_at(p))
}

fn issued<'a>(event: &Event<'a>, caller: &Caller<'a>) -> Grant<'a> {
    let (request, response) = (&event.request, &event.response);
    let keys =
        ["credentials.accessKeyId", "roleCredentials.accessKeyId", "credentialSet.0.credentials.accessKeyId"];
    let expiries = [
        "credentials.expiration",
        "roleCredentials.expiration",
        "credentialSet.0.credentials.expiration",
        "expiration",
    ];
    let own = || {
        caller
            .name
            .clone()
            .filter(|_| matches!(event.operation.as_ref(), "GetSessionToken" | "SwitchRole" | "RenewRole"))
    };
    let role = || {
        let resources = event.top.list("resources");
        let arn = resources.into_iter().find_map(|raw| first(&Object::parse(raw.get())?, &["ARN", "arn"]));
        arn.filter(|_| event.service == "sts")
    };
    Grant {
        user: first(
            response,
            &[
                "assumedRoleUser.arn",
                "federatedUser.arn",
                "credentialSet.0.assumedRoleUser.arn",
                "identityId",
            ],
        )
        .or_else(|| first(request, &["targetPrincipal", "dbUser", "identityId"]))
        .or_else(own),
        credential: first(response, &keys),
        expires: first(response, &expiries).and_then(|t| instant(&t, None)).map(|(at, _)| at.to_string()),
        parent: event.extra.text("SwitchFrom"),
        granted: first(request, &["roleArn", "roleName", "targetPrincipal"]).or_else(role),
        client_uid: first(response, &["audience"])
            .or_else(|| request.text("clientId"))
            .or_else(|| caller.invoked_by.clone()),
        ..Grant::default()
    }
}

fn changed<'a>(event: &Event<'a>, caller: &Caller<'a>) -> Grant<'a> {
    let (request, response) = (&event.request, &event.response);
    let user = first(request, &["userName", "roleName", "principalId"]);
    let group = request.text("groupName");
    let made = [
        "accessKey.accessKeyId",
        "serviceSpecificCredential.serviceSpecificCredentialId",
        "sSHPublicKey.sSHPublicKeyId",
        "certificate.certificateId",
        "virtualMFADevice.serialNumber",
    ];
    let named =
        ["accessKeyId", "serviceSpecificCredentialId", "sSHPublicKeyId", "certificateId", "serialNumber"];
    let made_for = ["accessKey.userName", "user.userName", "role.roleName", "loginProfile.userName"];
    let own = || changed_credential(&event.operation).and(caller.name.clone());
    Grant {
        granted: first(request, &["policyArn", "policyName", "permissionSetArn", "instanceProfileName"])
            .or_else(|| user.as_ref().and(group.clone())),
        user: user.or(group).or_else(|| first(response, &made_for)).or_else(own),
        credential: first(response, &made).or_else(|| first(request, &named)),
        ..Grant::default()
    }
}

/// By what the caller proved who they are, where the event says so.
fn factor<'a>(event: &Event<'a>, caller: &Caller<'a>) -> Option<Cow<'a, str>> {
    let operation = event.operation.as_ref();
    let second = event.extra.text("MFAUsed").is_some_and(|m| m.eq_ignore_ascii_case("yes"))
        || caller.mfa
        || operation == "CheckMfa"
        || event.request.get("serialNumber").is_some() && event.service == "sts";
    if second {
        return Some("mfa".into());
    }
    if let Some(kind) = event.extra.text("CredentialType") {
        return Some(kind.to_ascii_lowercase().into());
    }
    if operation == "AssumeRoleWithSAML" || event.extra.get("SamlProviderArn").is_some() {
        return Some("saml".into());
    }
    if operation == "AssumeRoleWithWebIdentity" {
        return Some("web_identity".into());
    }
    let own_password = matches!(caller.kind.as_deref(), Some("IAMUser" | "Root"));
    (operation == "ConsoleLogin" && own_password).then_some("password".into())
}

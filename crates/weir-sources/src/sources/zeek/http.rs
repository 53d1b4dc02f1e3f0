//! An http record's row.

use super::value::{address, count, port, time};
use super::{Context, Fields};
use crate::web::{Hit, Request};
use weir_model::{Access, Common, Records};

/// Pushes the row.
pub(super) fn push(
    context: &mut Context<'_>,
    fields: &dyn Fields,
    out: &mut Records,
) -> Result<(), &'static str> {
    let at = time(context, fields)?;
    let src_ip = address(fields, "id.orig_h")?;
    // `access` has no ports; one that cannot be still says that the record is damaged.
    port(fields, "id.orig_p")?;
    port(fields, "id.resp_p")?;
    let scrubbed = |name: &str| fields.get(name).map(|t| context.fingerprints.scrub(&t).into_owned());
    let (actor, host) = (scrubbed("username"), scrubbed("host"));
    // Requests of one connection share its uid.
    let depth = count(fields, "trans_depth")?;
    let uid =
        fields.get("uid").map(|uid| depth.map_or_else(|| uid.to_string(), |depth| format!("{uid}:{depth}")));
    let status = count(fields, "status_code")?.map(|s| s.to_string());
    let protocol = fields.get("version").map(|v| format!("HTTP/{v}"));
    let (method, uri) = (fields.get("method"), fields.get("uri"));
    let (referrer, agent) = (fields.get("referrer"), fields.get("user_agent"));
    let detail = fields.get("status_msg");
    let hit = Hit {
        request: Request { method: method.as_deref(), target: uri.as_deref(), protocol: protocol.as_deref() },
        status: status.as_deref(),
        detail: detail.as_deref(),
        referrer: referrer.as_deref(),
        user_agent: agent.as_deref(),
        common: Common {
            actor: actor.as_deref(),
            src_ip: Some(&src_ip),
            event_uid: uid.as_deref(),
            line: Some(context.at.line),
            offset: Some(context.at.offset),
            ..Common::default()
        },
        access: Access {
            hostname: host.as_deref(),
            bytes_out: count(fields, "response_body_len")?,
            bytes_in: count(fields, "request_body_len")?,
            ..Access::default()
        },
        query: None,
    };
    hit.push(at, context.fingerprints, context.clean, out);
    Ok(())
}

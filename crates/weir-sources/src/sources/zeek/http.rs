//! An http record's row.

use super::value::{address, count, port, time};
use super::{Context, Field, Fields};
use crate::web::{Hit, Request};
use weir_model::{Access, Common, Records};

/// Pushes the row.
pub(super) fn push(
    context: &mut Context<'_>,
    fields: &impl Fields,
    out: &mut Records,
) -> Result<(), &'static str> {
    let at = time(context, fields)?;
    let src_ip = address(fields, Field::OrigH)?;
    // `access` has no ports; one that cannot be still says that the record is damaged.
    port(fields, Field::OrigP)?;
    port(fields, Field::RespP)?;
    let scrubbed = |field| fields.get(field).map(|t| context.fingerprints.scrub(&t).into_owned());
    let (actor, host) = (scrubbed(Field::Username), scrubbed(Field::Host));
    // Requests of one connection share its uid.
    let depth = count(fields, Field::TransDepth)?;
    let uid = fields
        .get(Field::Uid)
        .map(|uid| depth.map_or_else(|| uid.to_string(), |depth| format!("{uid}:{depth}")));
    let status = count(fields, Field::StatusCode)?.map(|s| s.to_string());
    let protocol = fields.get(Field::Version).map(|v| format!("HTTP/{v}"));
    let (method, uri) = (fields.get(Field::Method), fields.get(Field::Uri));
    let (referrer, agent) = (fields.get(Field::Referrer), fields.get(Field::UserAgent));
    let detail = fields.get(Field::StatusMsg);
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
            bytes_out: count(fields, Field::ResponseBodyLen)?,
            bytes_in: count(fields, Field::RequestBodyLen)?,
            ..Access::default()
        },
        query: None,
    };
    hit.push(at, context.fingerprints, context.clean, out);
    Ok(())
}

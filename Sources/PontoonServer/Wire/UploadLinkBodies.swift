import Foundation
import PontoonCore

/// The JSON body that describes an upload link to members.
///
/// `GET /v2/upload_links/{link_id}`; source: docs/api.md#upload-links.
struct UploadLinkBody: JSONWritable {
    let summary: UploadLinkSummary
    let base: BaseURL
    let now: Date
    /// The secret; only in the response to the call that creates the link.
    var secret: Secret?

    func write(to json: inout JSONWriter) {
        let (link, details) = (summary.link, summary.link.details)
        json.object { json in
            json.field("created_by", link.createdBy)
            json.field("created_on", Timestamp(link.createdOn))
            json.field("expires", Timestamp(details.expiresOn))
            json.field("has_password", details.passwordHash != nil)
            json.field("href", "\(base.api)\(UploadLinkCalls.root)/\(link.id)")
            json.field("id", link.id)
            json.field("max_bytes", details.limits.bytes)
            json.field("max_files", details.limits.files)
            json.field("name", details.name)
            json.field("note", details.note)
            json.field("parent", link.folder)
            json.field("project", link.project.description)
            json.field("secret", secret?.value)
            json.field("state", summary.state(now: now).rawValue)
            // Browsers do not send the fragment to the server, so the secret does not appear in logs.
            json.field("url", secret.map { "\(base)/drop/\(link.id)#\($0.value)" })
            json.field("usage", Usage(usage: summary.usage))
        }
    }

    private struct Usage: JSONWritable {
        let usage: UploadLinkUsage

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("bytes", usage.bytes)
                json.field("files", usage.files)
                json.field("open_bytes", usage.openBytes)
                json.field("open_uploads", usage.openUploads)
                json.field("senders", usage.senders)
            }
        }
    }
}

/// The JSON body that describes a sender's session.
///
/// `POST /v2/upload_links/session`; source: docs/api.md#senders.
struct SenderSessionBody: JSONWritable {
    let session: SenderSession
    let usage: UploadLinkUsage
    /// The token; only in the response to the call with which the sender signs in.
    var token: Secret?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("expires", Timestamp(session.link.details.expiresOn))
            json.field("link", Link(session: session, usage: usage))
            json.field("sender", session.sender)
            json.field("token", token?.value)
        }
    }

    private struct Link: JSONWritable {
        let session: SenderSession
        let usage: UploadLinkUsage

        func write(to json: inout JSONWriter) {
            let details = session.link.details
            let left = UploadLinkRules.left(of: details.limits, usage)
            json.object { json in
                json.field("bytes_left", left.bytes)
                json.field("expires", Timestamp(details.expiresOn))
                json.field("files_left", left.files)
                json.field("has_password", details.passwordHash != nil)
                json.field("id", session.link.id)
                json.field("max_bytes", details.limits.bytes)
                json.field("max_files", details.limits.files)
                json.field("name", details.name)
                json.field("note", details.note)
            }
        }
    }
}

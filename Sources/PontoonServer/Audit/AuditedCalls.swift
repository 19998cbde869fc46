import HTTPTypes
import PontoonCore

/// The actions that the audit log records, by call.
enum AuditedCalls {
    /// Returns the action of a call.
    ///
    /// - Parameters:
    ///   - method: The method; `HEAD` has no action, because it transfers no bytes.
    ///   - route: The route pattern, such as `/v2/files/{file_id}`.
    /// - Returns: The action; `nil` if the audit log does not record the call.
    static func action(of method: HTTPRequest.Method, _ route: String) -> AuditAction? {
        actions[route]?.first { $0.method == method }?.action
    }

    /// The recorded calls by route pattern.
    static let actions: [String: [(method: HTTPRequest.Method, action: AuditAction)]] = [
        "/v2/upload/multipart": [(.post, .uploadInitialize)],
        "/v2/upload/multipart/{upload_id}": [(.delete, .uploadAbort)],
        "/v2/upload/multipart/{upload_id}/complete": [(.post, .uploadComplete)],
        "/v2/upload/archive": [(.post, .archivePut)],
        "/v2/automation/upload": [(.post, .uploadInitialize)],
        "/v2/automation/upload/{upload_id}": [(.delete, .uploadAbort)],
        "/v2/automation/upload/{upload_id}/complete": [(.post, .uploadComplete)],
        "/v2/automation/automations": [(.post, .automationCreate)],
        "/v2/automation/automations/{automation_id}": [(.patch, .automationUpdate)],
        "/v2/automation/automations/{automation_id}/actions/archive": [(.post, .automationUpdate)],
        "/v2/automation/automations/{automation_id}/actions/restore": [(.post, .automationUpdate)],
        "/v2/automation/automations/{automation_id}/packages": [(.post, .packageCreate)],
        "/v2/automation/automations/{automation_id}/packages/{package_id}/actions/archive": [(.post, .packageUpdate)],
        "/v2/automation/automations/{automation_id}/packages/{package_id}/actions/restore": [(.post, .packageUpdate)],
        "/v2/automation/packages/{package_id}": [(.patch, .packageUpdate)],
        "/v2/files": [(.post, .folderCreate)],
        "/v2/files/content": [(.put, .filePut)],
        "/v2/files/{file_id}": [(.patch, .fileUpdate), (.put, .fileUpdate), (.delete, .fileDelete)],
        "/v2/files/{file_id}/metadata": [(.patch, .fileUpdate), (.put, .fileUpdate)],
        "/v2/files/{file_id}/tags": [(.put, .fileUpdate)],
        "/v2/files/{file_id}/download_info": [(.get, .downloadAuthorize)],
        "/v2/files/{file_id}/archive_info": [(.get, .downloadAuthorize)],
        "/v2/files/{file_id}/actions/copy": [(.post, .fileCopy)],
        "/v2/files/{file_id}/actions/move": [(.post, .fileMove)],
        "/v2/files/{file_id}/actions/verify": [(.post, .fileVerify)],
        "/v2/action/files/copy": [(.post, .fileCopy)],
        "/v2/async/files/copy": [(.post, .jobSubmit)],
        "/v2/async/files/move": [(.post, .jobSubmit)],
        "/v2/async/files/delete": [(.post, .jobSubmit)],
        "/v2/bulk/files/delete": [(.post, .fileDelete)],
        "/v2/bulk/files/update": [(.post, .fileUpdate)],
        "/v2/bulk/files/edit": [(.post, .fileUpdate)],
        "/v2/projects": [(.post, .projectCreate)],
        "/v2/projects/{owner}/{project}": [
            (.patch, .projectUpdate), (.put, .projectUpdate), (.delete, .projectDelete),
        ],
        "/v2/projects/{owner}/{project}/members": [(.post, .memberAdd)],
        "/v2/projects/{owner}/{project}/members/{username}": [(.delete, .memberRemove)],
        "/v2/projects/{owner}/{project}/members/{username}/permissions": [
            (.patch, .memberUpdate), (.put, .memberUpdate),
        ],
        "/v2/tokens": [(.post, .tokenCreate)],
        "/v2/tokens/{token_id}": [(.delete, .tokenRevoke)],
        "/v2/upload_links": [(.post, .linkCreate)],
        "/v2/upload_links/{link_id}": [(.patch, .linkUpdate), (.delete, .linkRevoke)],
        "/v2/upload_links/session": [(.post, .senderSignIn)],
        "/v2/webhooks": [(.post, .webhookCreate)],
        "/v2/webhooks/{webhook_id}": [(.patch, .webhookUpdate), (.delete, .webhookDelete)],
        "/v2/webhooks/{webhook_id}/actions/enable": [(.post, .webhookUpdate)],
        "/v2/webhooks/{webhook_id}/actions/disable": [(.post, .webhookUpdate)],
        "/v2/webhooks/{webhook_id}/actions/replay": [(.post, .webhookUpdate)],
        "/v2/webhooks/{webhook_id}/actions/redeliver": [(.post, .webhookUpdate)],
        "/v2/webhooks/{webhook_id}/actions/rotate-secret": [(.post, .webhookUpdate)],
        "\(DRSCalls.root)/objects/{file_id}/access/{access_id}": [(.get, .downloadAuthorize)],
        "/storage/files/{file_id}": [(.get, .download)],
        "/storage/archives/{username}/{file_id}/{version}/{format}": [(.get, .download)],
    ]

    /// The calls with a method other than `GET` that the audit log does not record, with the reasons.
    static let omitted: [String: [(method: HTTPRequest.Method, reason: String)]] = [
        "/storage/parts/{upload_id}/{part_number}": [(.put, parts)],
        "/v2/upload/multipart/{upload_id}/part": [(.post, parts)],
        "/v2/upload/multipart/{upload_id}": [(.post, parts)],
        "/v2/automation/upload/{upload_id}/part": [(.post, parts)],
        "/v2/automation/upload/{upload_id}": [(.post, parts)],
        "/v2/bulk/files/get": [(.post, "changes nothing")],
        "/v2/webhooks/{webhook_id}/actions/test": [(.post, "changes nothing")],
        "/v2/files/search": [(.post, "is not implemented")],
        "/v2/bulk/files/{action}": [(.post, "is not implemented")],
    ]

    private static let parts = "an upload has up to 10,000 parts, which have no effect until it is completed"
}

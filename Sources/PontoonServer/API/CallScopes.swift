import HTTPTypes
import PontoonCore

/// The token scopes that allow each authenticated call.
///
/// A call that the table does not list needs the scope `full`. `ScopeTests` fails if a call is missing from the table.
///
/// Source: docs/api.md#tokens.
enum CallScopes {
    private static let all: Set<TokenScope> = [.full, .read, .upload]
    private static let reading: Set<TokenScope> = [.full, .read]
    private static let uploading: Set<TokenScope> = [.full, .upload]

    /// Returns the scopes that allow a call, given its path without the prefix `/v2`.
    static func allowing(_ method: HTTPRequest.Method, _ path: String) -> Set<TokenScope> {
        table["\(method.rawValue) \(path)"] ?? [.full]
    }

    /// The scopes of all calls, by method and path; `GET` includes `HEAD`.
    static let table: [String: Set<TokenScope>] = {
        var table: [String: Set<TokenScope>] = [:]
        for (scopes, calls) in rows { for call in calls { table[call] = scopes } }
        return table
    }()

    private static let rows: [(Set<TokenScope>, [String])] = [
        (
            all,
            [
                "GET /rate_limit", "GET /user", "GET /users/{username}", "GET /usage",
                "GET /tokens", "GET /tokens/{token_id}",
                "GET /projects", "GET /projects/{owner}", "GET /projects/{owner}/{project}",
                "GET /projects/{owner}/{project}/files",
                "GET /files", "GET /files/scroll", "GET /files/{file_id}", "GET /files/{file_id}/list",
                "GET /files/{file_id}/scroll", "GET /files/{file_id}/metadata",
                "GET /upload/multipart", "GET /upload/multipart/{upload_id}",
                // Refused for all users; only senders may make this call.
                "GET /upload_links/session",
            ]
        ),
        (
            reading,
            [
                "GET /projects/{owner}/{project}/members", "GET /projects/{owner}/{project}/members/{username}",
                "GET /projects/{owner}/{project}/members/{username}/permissions",
                "GET /files/{file_id}/download_info", "GET /files/{file_id}/archive_info", "POST /bulk/files/get",
                "GET /forecast", "GET /events", "GET /users",
                "GET \(DRSCalls.root)/objects/{file_id}", "GET \(DRSCalls.root)/objects/{file_id}/access/{access_id}",
                "GET /upload_links", "GET /upload_links/{link_id}",
                "GET /webhooks", "GET /webhooks/{webhook_id}", "GET /webhooks/{webhook_id}/deliveries",
                "GET /automation/automations", "GET /automation/automations/{automation_id}/packages",
                "GET /automation/automations/{automation_id}", "GET /automation/packages/{package_id}",
                "GET /automation/upload", "GET /automation/upload/{upload_id}",
                "GET /async/files", "GET /async/files/copy/{job_id}", "GET /async/files/move/{job_id}",
                "GET /async/files/delete/{job_id}",
                "GET /billing/groups", "GET /billing/groups/{group_id}", "GET /tasks", "GET /apps",
            ]
        ),
        (
            uploading,
            [
                "POST /upload/multipart", "DELETE /upload/multipart/{upload_id}",
                // Part infos contain URLs to which parts are written.
                "GET /upload/multipart/{upload_id}/part/{part_number}",
                "GET /upload/multipart/{upload_id}/part_infos",
                "POST /upload/multipart/{upload_id}/part", "POST /upload/multipart/{upload_id}",
                "POST /upload/multipart/{upload_id}/complete",
                // Creates a folder.
                "POST /files",
                "PUT /files/content", "POST /upload/archive",
            ]
        ),
        (
            [.full],
            [
                "POST /tokens", "DELETE /tokens/{token_id}",
                "POST /projects", "PATCH /projects/{owner}/{project}", "PUT /projects/{owner}/{project}",
                "DELETE /projects/{owner}/{project}",
                "POST /projects/{owner}/{project}/members", "DELETE /projects/{owner}/{project}/members/{username}",
                "PATCH /projects/{owner}/{project}/members/{username}/permissions",
                "PUT /projects/{owner}/{project}/members/{username}/permissions",
                "PATCH /files/{file_id}", "PUT /files/{file_id}", "DELETE /files/{file_id}",
                "PATCH /files/{file_id}/metadata", "PUT /files/{file_id}/metadata", "PUT /files/{file_id}/tags",
                "POST /files/{file_id}/actions/copy", "POST /files/{file_id}/actions/move",
                "POST /files/{file_id}/actions/verify", "POST /action/files/copy",
                "POST /async/files/copy", "POST /async/files/move", "POST /async/files/delete",
                // Not implemented, so refused with every scope.
                "POST /files/search", "POST /bulk/files/{action}",
                "POST /bulk/files/delete", "POST /bulk/files/update", "POST /bulk/files/edit",
                "POST /upload_links", "PATCH /upload_links/{link_id}", "DELETE /upload_links/{link_id}",
                "POST /webhooks", "PATCH /webhooks/{webhook_id}", "DELETE /webhooks/{webhook_id}",
                "POST /webhooks/{webhook_id}/actions/enable", "POST /webhooks/{webhook_id}/actions/disable",
                "POST /webhooks/{webhook_id}/actions/replay", "POST /webhooks/{webhook_id}/actions/redeliver",
                "POST /webhooks/{webhook_id}/actions/rotate-secret", "POST /webhooks/{webhook_id}/actions/test",
                "POST /automation/automations", "POST /automation/automations/{automation_id}/packages",
                "PATCH /automation/automations/{automation_id}", "PATCH /automation/packages/{package_id}",
                "POST /automation/automations/{automation_id}/actions/archive",
                "POST /automation/automations/{automation_id}/actions/restore",
                "POST /automation/automations/{automation_id}/packages/{package_id}/actions/archive",
                "POST /automation/automations/{automation_id}/packages/{package_id}/actions/restore",
                "POST /automation/upload", "DELETE /automation/upload/{upload_id}",
                "GET /automation/upload/{upload_id}/part/{part_number}",
                "GET /automation/upload/{upload_id}/part_infos",
                "POST /automation/upload/{upload_id}/part", "POST /automation/upload/{upload_id}",
                "POST /automation/upload/{upload_id}/complete",
            ]
        ),
    ]
}

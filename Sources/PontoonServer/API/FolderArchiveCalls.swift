import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for downloading a folder as one archive, the extension `folder_archive`.
///
/// The bytes always pass through this server, even if the files are in a bucket.
///
/// Source: docs/api.md#folder-downloads.
struct FolderArchiveCalls {
    let archives: FolderArchives
    let metrics: ServerMetrics
    /// Whether the server encrypts its connections.
    let usesTLS: Bool
    let now: @Sendable () -> Date
    private let limiter = PlaceLimiter.forArchives("sending")

    init(archives: FolderArchives, metrics: ServerMetrics, usesTLS: Bool, now: @escaping @Sendable () -> Date) {
        self.archives = archives
        self.metrics = metrics
        self.usesTLS = usesTLS
        self.now = now
    }

    func add(to routes: Routes) {
        let archive = "/storage/archives/{username}/{file_id}/{version}/{format}"
        routes.call(.get, "/files/{file_id}/archive_info", info)
        routes.open(.get, archive, get)
        // No signed URL allows any other method.
        routes.refuseOtherMethods(of: archive, with: PontoonError(.urlRefused, "The URL does not allow this method."))
    }

    @Sendable private func info(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        guard let format = FolderArchiveFormat(rawValue: call.query["format"] ?? "tar") else {
            throw PontoonError(.badRequest, "The parameter 'format' must be 'tar' or 'zip'.")
        }
        let folder = try await archives.folder(try call.context.segment("file_id"), caller: call.caller)
        let place = try limiter.admit(call.caller.name)
        defer { withExtendedLifetime(place) {} }
        let (listing, request) = try await archives.request(folder, as: format, caller: call.caller, base: call.base)
        call.note(AuditEntry.Object(folder))
        return .json(FolderArchiveBody(listing: listing, url: request.url))
    }

    @Sendable private func get(_ request: Request, _ context: AppContext) async throws -> Response {
        try await archives.verify(try SignedPath(request, method: "GET"))
        guard let format = FolderArchiveFormat(rawValue: try context.segment("format")) else {
            throw PontoonError(.routeNotFound, "There is no resource at this URL.")
        }
        let place = try limiter.admit(try context.segment("username"))
        let listing = try await archives.listing(
            of: try context.segment("file_id"),
            as: format,
            version: try context.segment("version")
        )
        context.record.note(
            AuditEntry.Object(
                id: listing.folder.id,
                name: listing.name,
                project: listing.folder.project.description
            )
        )
        let download = FolderDownload(listing: listing, now: now())
        return try await .representation(download.validators, headers: download.headers, for: request) { range in
            context.record.beginSending()
            let objects = ObjectSender(
                channel: context.channel,
                isEncrypted: usesTLS,
                record: context.record,
                metrics: metrics
            )
            let sender = FolderArchiveSender(
                archives: archives,
                listing: listing,
                range: range,
                objects: objects,
                place: place
            )
            return ResponseBody(contentLength: range.count) { try await sender.send(to: &$0, context) }
        }
    }
}

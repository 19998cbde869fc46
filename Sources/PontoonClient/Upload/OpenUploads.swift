import NIOPosix
import PontoonCore
import Synchronization

/// The user's unfinished uploads on the server, listed when the first file of a run needs them.
///
/// A file whose journal is missing, or whose upload another machine started, is matched with these uploads by
/// destination, name and length. If an upload has stored parts, their checksums then determine whether it is resumed.
final class OpenUploads: Sendable {
    private struct State {
        var uploads: [ByteExactString: [UploadDetails]]?
    }

    private let client: SevenBridgesClient
    private let server: ServerIndex
    private let threads: NIOThreadPool
    private let state = Mutex(State())
    private let request = PrioritySemaphore(permits: 1)

    /// Maximum number of pages of 100 uploads that are listed; older uploads are not found.
    private static let maximumPages = 20

    init(_ client: SevenBridgesClient, server: ServerIndex, threads: NIOThreadPool) {
        self.client = client
        self.server = server
        self.threads = threads
    }

    /// Finds an unfinished upload of a file.
    ///
    /// If `adopts` is set, an upload is resumed if its first and last stored parts match the file. As in any resumed
    /// upload, the other parts are compared before they are reused. An upload without a stored part is resumed only if
    /// an earlier run on this machine was about to start it.
    ///
    /// - Parameters:
    ///   - start: The upload that would otherwise be started.
    ///   - source: The file.
    ///   - partSize: Part size in bytes that the user requested; `nil` to accept any part size.
    ///   - adopts: Whether to resume uploads whose parts were sent by another client, or by a run without a journal.
    ///   - wasStarting: Whether an earlier run was about to start the upload, and was stopped before the server
    ///     responded.
    ///   - isUsable: Called for a matching upload; returns whether the upload can be resumed.
    /// - Returns: `nil` if there is no matching upload that can be resumed.
    /// - Throws: ``APIError``; ``ClientError``, for example if the file cannot be read; any error of `isUsable`.
    func find(
        _ start: UploadStart,
        _ source: SourceFile,
        partSize: Int64?,
        adopts: Bool,
        wasStarting: Bool,
        _ isUsable: (OpenUpload) async throws -> Bool = { _ in true }
    ) async throws -> OpenUpload? {
        guard adopts || wasStarting else { return nil }
        for candidate in try await matching(start, partSize: partSize, isRecent: wasStarting) {
            guard let upload = try await open(candidate, source) else { continue }
            let isEmpty = upload.acknowledged.isEmpty
            guard isEmpty ? wasStarting : adopts else { continue }
            if !isEmpty, try await !isSameFile(upload, source) { continue }
            if try await isUsable(upload) { return upload }
        }
        return nil
    }

    private func open(_ candidate: UploadDetails, _ source: SourceFile) async throws -> OpenUpload? {
        do {
            let details = try await client.upload(
                candidate.id,
                listingParts: true,
                listingStored: server.listsStoredParts
            )
            return OpenUpload(details, plan: try FileUpload.plan(resuming: details, source), journaled: [:])
        } catch let error as APIError where error.status == 404 || error.status == 403 {
            return nil
        } catch let error as ClientError where error.code == .responseUnreadable {
            // The response lacks data that is required to resume the upload.
            return nil
        }
    }

    private func isSameFile(_ upload: OpenUpload, _ source: SourceFile) async throws -> Bool {
        let numbers = Set([upload.acknowledged.keys.min(), upload.acknowledged.keys.max()].compactMap { $0 })
        return try await threads.runIfActive {
            try numbers.allSatisfy { number in
                let etag = upload.acknowledged[number]?.etag ?? ""
                return try source.digest(upload.plan.range(number), md5: etag.utf8.count == 32).compare(etag) == .same
            }
        }
    }

    /// Returns the unfinished uploads with the destination, name and length of a file, newest first.
    ///
    /// If `isRecent` is set and no upload matches, lists the newest uploads again, because an upload may have been
    /// started moments ago by a process that was killed before the server responded. Uploads that the server refuses to
    /// list are omitted.
    private func matching(_ start: UploadStart, partSize: Int64?, isRecent: Bool) async throws -> [UploadDetails] {
        func isMatch(_ upload: UploadDetails) -> Bool {
            start.matches(upload) && (partSize == nil || upload.partSize == partSize)
        }
        let known = try await list()[ByteExactString(start.name), default: []].filter(isMatch)
        guard known.isEmpty, isRecent else { return known }
        do {
            return try await client.uploads().items.filter(isMatch)
        } catch is APIError {
            return []
        }
    }

    private func list() async throws -> [ByteExactString: [UploadDetails]] {
        if let known = state.withLock({ $0.uploads }) { return known }
        try await request.acquire(priority: 0)
        defer { request.release() }
        if let known = state.withLock({ $0.uploads }) { return known }
        var found: [UploadDetails] = []
        do {
            for _ in 0..<Self.maximumPages {
                let page = try await client.uploads(offset: found.count)
                found += page.items
                guard page.hasNext, !page.items.isEmpty else { break }
            }
        } catch is APIError {
            // If the token may not list uploads, no upload is found.
        }
        let uploads = Dictionary(grouping: found) { ByteExactString($0.name ?? "") }
        state.withLock { $0.uploads = uploads }
        return uploads
    }
}

extension UploadStart {
    /// Returns whether an unfinished upload has this destination, name and length.
    func matches(_ upload: UploadDetails) -> Bool {
        guard let name = upload.name, ByteExactString(name) == ByteExactString(self.name), upload.size == size else {
            return false
        }
        return switch destination {
        case .project(let id): upload.project == id && upload.parent == nil
        case .folder(let id): upload.parent == id
        }
    }
}

import PontoonCore
import Synchronization

/// The user's unfinished uploads on the server, listed once per run when the first file needs them.
///
/// A file whose journal is lost, or whose upload another machine started, is matched with them by destination, name and
/// length. The checksums of its parts then decide.
final class OpenUploads: Sendable {
    private struct State {
        var uploads: [ByteExactString: [UploadDetails]]?
    }

    private let client: SevenBridgesClient
    private let state = Mutex(State())
    private let request = PrioritySemaphore(permits: 1)

    /// Maximum number of pages that are listed; older uploads are not found.
    private static let maximumPages = 20

    init(_ client: SevenBridgesClient) { self.client = client }

    /// Finds the unfinished uploads of a file to a destination.
    ///
    /// - Parameters:
    ///   - start: The upload that would otherwise be started.
    ///   - partSize: Part size in bytes that the user requested; `nil` accepts any.
    /// - Returns: The uploads, newest first; empty if the server refuses the list.
    /// - Throws: ``ClientError`` if the server cannot be reached.
    func matching(_ start: UploadStart, partSize: Int64?) async throws -> [UploadDetails] {
        let uploads = try await list()[ByteExactString(start.name)] ?? []
        return uploads.filter { upload in
            start.matches(upload) && (partSize == nil || upload.partSize == partSize)
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
            // The token may not list uploads; they are then not resumed.
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

import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

/// Clients that upload, overwrite, copy and delete files until they are stopped, and record which files must exist.
final class BackupLoad: Sendable {
    /// A file whose creation was acknowledged.
    ///
    /// It may have been deleted or overwritten since.
    struct StoredFile: Sendable {
        let id: String
        let name: String
        let bytes: ByteBuffer
    }

    private struct State {
        /// All files whose creation was acknowledged, by id, including deleted ones.
        var files: [String: StoredFile] = [:]
        /// Ids of the files whose creation was acknowledged and whose deletion or replacement has not been requested.
        var existing: Set<String> = []
        /// Number of uploads, copies and deletions that have finished.
        var operations = 0
        var isStopped = false
    }

    private let api: APIClient
    private let state = Mutex(State())

    init(_ api: APIClient) { self.api = api }

    /// The files whose creation was acknowledged and whose deletion or replacement has not been requested.
    var existing: [String: StoredFile] {
        state.withLock { state in state.files.filter { state.existing.contains($0.key) } }
    }

    /// All files whose creation was acknowledged, by id, including deleted ones.
    var all: [String: StoredFile] { state.withLock { $0.files } }
    var operations: Int { state.withLock { $0.operations } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Runs one client until the load is stopped.
    ///
    /// - Parameter client: Number of the client. Seeds its random values and is part of the names of its files.
    /// - Throws: The error of the first request that fails.
    func runClient(_ client: Int) async throws {
        var random = SeededGenerator(seed: UInt64(client))
        var number = 0
        var own: [String] = []
        var hot: String?
        while !state.withLock({ $0.isStopped }) {
            number += 1
            switch number % 4 {
            case 0:
                guard own.count > 2 else { continue }
                let id = own.remove(at: Int(random.next() % UInt64(own.count)))
                state.withLock { _ = $0.existing.remove(id) }
                try await api.perform(.DELETE, "/files/\(id)")
            case 1:
                own.append(try await upload("file-\(client)-\(number)", using: &random))
            case 2:
                // The server replaces the old version at an unknown time during the call.
                if let hot { state.withLock { _ = $0.existing.remove(hot) } }
                hot = try await upload("hot-\(client)", overwrite: true, using: &random)
            default:
                guard let original = own.last, let file = all[original] else { continue }
                let name = "copy-\(client)-\(number)"
                let response = try await api.copy(original, ["project": "admin/uploads", "name": .string(name)])
                own.append(acknowledge(try response.text("id"), name, file.bytes))
            }
            state.withLock { $0.operations += 1 }
        }
    }

    /// Uploads a file of random length and content in one or two parts, and returns its id.
    func upload(_ name: String, overwrite: Bool = false, using random: inout SeededGenerator) async throws -> String {
        let bytes = pseudoRandomBytes(seed: random.next(), count: Int(random.next() % 60_000) + 1)
        let upload = try await api.initialize(
            name,
            size: bytes.readableBytes,
            partSize: 40_000,
            overwrite: overwrite
        )
        var (rest, number) = (bytes, 0)
        while let part = rest.readSlice(length: min(40_000, rest.readableBytes)), part.readableBytes > 0 {
            number += 1
            try await api.store(upload, number, part)
        }
        return acknowledge(try await api.complete(upload).text("id"), name, bytes)
    }

    private func acknowledge(_ id: String, _ name: String, _ bytes: ByteBuffer) -> String {
        state.withLock { state in
            state.files[id] = StoredFile(id: id, name: name, bytes: bytes)
            state.existing.insert(id)
        }
        return id
    }
}

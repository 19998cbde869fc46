import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// A comparison of a cluster with the ledgers of its clients.
struct ChaosCheck: Sendable {
    let calls: ChaosCalls
    let ledgers: [ChaosLedger]

    /// Checks files, deletions, uploads and events, and then aborts all unfinished uploads.
    func run() async throws {
        for file in ledgers.flatMap({ $0.files + $0.repeated }) { try await calls.check(file, seed: file.seed) }
        try await checkNames()
        for file in ledgers.flatMap(\.removed) {
            #expect(try await get("/files/\(file)").status == 404, "a deleted or replaced file still exists")
        }
        for upload in ledgers.flatMap(\.aborted) {
            #expect(try await get("/upload/multipart/\(upload)").status == 404, "an aborted upload still exists")
        }
        for (upload, parts) in ledgers.flatMap(\.unfinished) {
            let details = try await get("/upload/multipart/\(upload)?list_parts=true")
            let listed = try details.reportedTags
            #expect(listed == parts.mapValues { $0.trimmingCharacters(in: ["\""]) }, "\(details.bodyText)")
        }
        try await abortAll()
    }

    private func get(_ path: String) async throws -> APIResponse { try await calls.call(.GET, path, seed: 0).api }

    private func checkNames() async throws {
        var (names, ids) = ([String](), Set<String>())
        var page: APIResponse
        repeat {
            page = try await get("/files?project=admin/uploads&limit=100&offset=\(names.count)")
            names += try page.entryNames
            ids.formUnion(try page.entries.compactMap { $0.string("id") })
        } while try !page.entryNames.isEmpty
        #expect(names.sorted() == ledgers.flatMap { $0.files + $0.repeated }.map(\.name).sorted())
        for client in calls.endpoints {
            let events = try await client.events().events
            #expect(try events.existingFiles == ids, "the events do not match the files")
        }
    }

    /// Aborts all unfinished uploads, including uploads whose ids no client received, because the response to the
    /// initialize call was lost.
    private func abortAll() async throws {
        while true {
            let uploads = try await get("/upload/multipart?limit=100").entries.compactMap { $0.string("upload_id") }
            guard !uploads.isEmpty else { return }
            for upload in uploads {
                _ = try await calls.call(.DELETE, "/upload/multipart/\(upload)", seed: 0).expecting(204, 404)
            }
        }
    }
}

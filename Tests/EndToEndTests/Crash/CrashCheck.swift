import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// A comparison of a restarted server with its clients' ledger, which also finishes their uploads.
struct CrashCheck: Sendable {
    let server: ServerProcess
    let ledger: UploadLedger
    /// Prefix of every failure message: the seed and the round.
    let what: String

    private var api: APIClient { server.api }

    /// Checks all uploads, files and events, finishes the uploads, and checks that no unfinished object remains.
    ///
    /// Records an issue for each difference.
    func run() async {
        do {
            try await checkEvents()
            let entries = ledger.entries
            try await endUnknown(Set(entries.map(\.id)))
            var files: [String: (id: String, content: ByteBuffer)] = [:]
            for entry in entries {
                if let file = try await settle(entry) { files[entry.plan.name] = file }
                if entry.end.isDeletion { files[entry.plan.name] = nil }
            }
            for (name, file) in files {
                let content = try await api.download(file.id)
                #expect(sha256(content) == sha256(file.content), "\(what): \(name) is not what was sent")
            }
            for (name, file) in ledger.files { try await check(name, file) }
            #expect(try server.unfinishedObjects() == [], "\(what): unfinished objects remain")
            let total = try await api.call(.GET, "/files?project=admin/uploads&limit=1")
                .headers.first(name: "X-Total-Matching-Query")
            #expect(total == String(try server.finishedObjects()), "\(what): the numbers of files and objects differ")
            try await checkEvents()
        } catch {
            Issue.record("\(what): \(error)")
        }
    }

    /// Checks that the events describe exactly the files that exist, and do not depend on the page size.
    private func checkEvents() async throws {
        let (events, next) = try await api.events()
        var files: Set<String> = []
        var page: APIResponse
        repeat {
            page = try await api.call(.GET, "/files?project=admin/uploads&limit=100&offset=\(files.count)")
            files.formUnion(try page.entries.compactMap { $0.string("id") })
        } while try !page.entries.isEmpty
        #expect(try events.existingFiles == files, "\(what): the events do not match the files")
        let again = try await api.events("limit=37")
        #expect(again.events == events && again.next == next, "\(what): the events depend on the page size")
    }

    /// Checks a file that was stored in one call: each call must have stored the whole file or had no effect.
    private func check(_ name: String, _ file: UploadLedger.StoredFile) async throws {
        let list = try await api.call(.GET, "/files?project=admin/uploads&name=\(name)")
        guard let id = try list.entries.first?.string("id") else {
            #expect(file.acknowledged == nil, "\(what): \(name) was acknowledged, but there is no file")
            return
        }
        let content = sha256(try await api.download(id))
        let expected = [file.acknowledged, file.possible].compactMap { $0.map(sha256) }
        #expect(expected.contains(content), "\(what): \(name) is not what was sent")
    }

    /// Aborts uploads whose ids no client received, because the response to the initialize call was lost.
    private func endUnknown(_ known: Set<String>) async throws {
        let listed = try await api.call(.GET, "/upload/multipart?limit=100")
        guard case .array(let items) = listed["items"] else {
            throw UnexpectedResponse(description: "no list of uploads")
        }
        for case .object(let item) in items {
            guard case .string(let id) = item["upload_id"], !known.contains(id) else { continue }
            #expect(try await api.call(.DELETE, "/upload/multipart/\(id)").status == 204, "\(what)")
        }
    }

    /// Checks an upload, and finishes it if necessary.
    ///
    /// - Returns: The upload's file and its expected content; `nil` if the upload was aborted or its file deleted.
    private func settle(_ entry: UploadLedger.Entry) async throws -> (id: String, content: ByteBuffer)? {
        switch entry.end {
        case .aborted:
            #expect(try await api.call(.GET, "/upload/multipart/\(entry.id)").status == 404, "\(what): abort undone")
            return nil
        case .abortAsked:
            let status = try await api.call(.DELETE, "/upload/multipart/\(entry.id)").status
            #expect([204, 404].contains(status), "\(what): abort cannot be repeated")
            return nil
        case .completed(let file):
            return (try await checkCompleted(entry, file), entry.plan.content)
        case .completeAsked:
            return try await finish(entry)
        case .deleteAsked(let file):
            let status = try await api.call(.DELETE, "/files/\(file)").status
            #expect([204, 404].contains(status), "\(what): delete cannot be repeated")
            return nil
        case .deleted(let file):
            #expect(try await api.call(.GET, "/files/\(file)").status == 404, "\(what): delete undone")
            return nil
        case .none:
            let others = try await checkParts(entry)
            return (try await complete(entry, reportsAtComplete: false), entry.plan.content(withOthers: others))
        }
    }

    /// Completes an upload whose earlier complete call received no response.
    ///
    /// If the plan allows it, first sends other bytes for part 1 in half of the cases.
    private func finish(_ entry: UploadLedger.Entry) async throws -> (id: String, content: ByteBuffer) {
        let plan = entry.plan
        let details = try await api.call(.GET, "/upload/multipart/\(entry.id)")
        guard details.status == 200, plan.toleratesOthers, !plan.reportsAtComplete, plan.seed.isMultiple(of: 2) else {
            return (try await complete(entry, reportsAtComplete: plan.reportsAtComplete), plan.content)
        }
        try await api.store(entry.id, 1, plan.otherPart(1))
        return (try await complete(entry, reportsAtComplete: false), plan.content(withOthers: [1]))
    }

    private func checkCompleted(_ entry: UploadLedger.Entry, _ file: String) async throws -> String {
        let status = try await api.call(.GET, "/files/\(file)").status
        // A later upload of the same name may have replaced the file.
        let isReplaced = ledger.entries.last { $0.plan.name == entry.plan.name && $0.end != .none }?.id != entry.id
        #expect(
            status == 200 || isReplaced,
            "\(what): complete of \(entry.plan.name) was acknowledged, but there is no file"
        )
        if status == 200 {
            let again = try await api.complete(entry.id, entry.plan)
            #expect(again.status == 201 && again["id"] == .string(file), "\(what): a repeated complete differs")
        }
        return file
    }

    private func complete(_ entry: UploadLedger.Entry, reportsAtComplete: Bool) async throws -> String {
        let response = try await reportsAtComplete ? api.complete(entry.id, entry.plan) : api.complete(entry.id)
        guard response.status == 201 else {
            throw UnexpectedResponse(description: "complete of \(entry.plan): \(String(buffer: response.body))")
        }
        return try response.text("id")
    }

    /// Compares the parts with the ledger, then sends the missing parts.
    ///
    /// - Returns: Numbers of the parts that keep their alternative bytes, because the plan tolerates them.
    private func checkParts(_ entry: UploadLedger.Entry) async throws -> Set<Int> {
        let details = try await api.call(.GET, "/upload/multipart/\(entry.id)?list_parts=true")
        try #require(details.status == 200, "\(what): an upload is missing: \(String(buffer: details.body))")
        let listed = try details.reportedTags
        var others: Set<Int> = []
        for number in 1...entry.plan.lengths.count {
            let part = entry.parts[number] ?? UploadLedger.Part()
            let place: Comment = "\(what): part \(number) of \(entry.plan), \(part)"
            if let reported = part.reported { #expect(listed[number] == reported, place) }
            if let tag = listed[number] { #expect(tag == part.stored || part.possible.contains(tag), place) }
            #expect(try await api.report(entry.id, number, "0123456789abcdef").status == 400, place)
            let wanted = tag(of: entry.plan.part(number))
            let stored = try await storedTag(number, of: entry, part)
            if let acknowledged = part.stored { #expect(stored == acknowledged, "\(place): lost") }
            if part.possible.isEmpty, part.stored == nil {
                #expect(try await api.report(entry.id, number, .string(wanted)).status == 400, "\(place): never sent")
            }
            if stored == wanted { continue }
            if stored != nil, entry.plan.toleratesOthers {
                others.insert(number)
            } else {
                try await api.store(entry.id, number, entry.plan.part(number))
            }
        }
        return others
    }

    /// Finds the ETag of the stored part by reporting each possible ETag.
    ///
    /// Returns `nil` if none is accepted.
    private func storedTag(
        _ number: Int,
        of entry: UploadLedger.Entry,
        _ part: UploadLedger.Part
    ) async throws -> String? {
        for tag in part.possible.union(part.stored.map { [$0] } ?? []) {
            let response = try await api.report(entry.id, number, .string(tag))
            if response.status == 200 { return tag }
            #expect(response.code == 8014, "\(what): \(String(buffer: response.body))")
        }
        return nil
    }
}

extension UploadLedger.End {
    /// Whether a client has requested the deletion of the file.
    fileprivate var isDeletion: Bool {
        switch self {
        case .deleteAsked, .deleted: true
        case .none, .completeAsked, .completed, .abortAsked, .aborted: false
        }
    }
}

import Foundation
import PontoonCore

/// Rules about several files and folders that are added in one transaction.
extension FilePutContract {
    static func filesAreAddedTogether(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let folder = ada.folder("d")
        try await store.addFolder(folder)
        let files = [ada.put("b", size: 1), ada.put("a", in: folder.id, size: 2), ada.put("a", tags: ["t"])]
        let added = try await store.addFiles(files, by: "ada", onConflict: .fail, leaseID: nil)
        try expect(added, equals: files.map { .added($0) }, "the results are in the order of the files")
        for file in files { try expect(try await store.file(file.id), equals: file, "the stored file") }
        try await ada.expectUsage(Usage(storedBytes: 13, files: 3), in: store)
        let list = try await store.files(in: ada.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 3, "the number of entries of the folder")
        // Conflict rules apply to each file, in order.
        let again = [ada.put("c"), ada.put("b"), ada.put("c")]
        let skipped = try await store.addFiles(again, by: "ada", onConflict: .skip, leaseID: nil)
        try expect(skipped, equals: [.added(again[0]), .skipped(files[0]), .skipped(again[0])], "skipped files")
        let new = [ada.put("b", size: 5), ada.put("b", size: 6)]
        _ = try await store.addFiles(new, by: "ada", onConflict: .overwrite, leaseID: nil)
        try expect(try await store.file(named: "b", in: ada.root), equals: new[1], "the last file remains")
        let more = [ada.put("b"), ada.put("b")]
        let renamed = try await store.addFiles(more, by: "ada", onConflict: .rename, leaseID: nil)
        try expect(renamed?.map(\.file.name), equals: ["_1_b", "_2_b"], "numbered names")
        try await ada.expectUsage(Usage(storedBytes: 48, files: 6), in: store)
        try expect(try await store.addFiles([], by: "ada", onConflict: .fail, leaseID: nil), equals: [], "no files")
    }

    static func refusedFilesAddNothing(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let taken = ada.put("taken")
        _ = try await store.put(taken)
        let quota = QuotaChange(bytes: .limit(30), files: .limit(9))
        _ = try await store.setQuota(quota, of: .project(ada.project.id))
        let refused: [(PontoonError.Code, [File], String)] = [
            (.nameTaken, [ada.put("a"), ada.put("taken")], "ada"),
            (.nameTaken, [ada.put("a"), ada.put("a")], "ada"),
            (.destinationNotFound, [ada.put("a"), ada.put("b", in: "none")], "ada"),
            (.destinationNotFound, [ada.put("a")], "nobody"),
            (.quotaExceeded, [ada.put("a"), ada.put("b", size: 11)], "ada"),
        ]
        for (code, files, user) in refused {
            try await expectRefusal(code) {
                try await store.addFiles(files, by: user, onConflict: .fail, leaseID: nil)
            }
            for file in files { try expect(try await store.file(file.id), equals: nil, "nothing is added") }
        }
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        try expect(try await store.discardedObjects(limit: 9), equals: [], "nothing is discarded")
    }

    static func filesAddedTogetherNeedTheirLease(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let files = [ada.put("a"), ada.put("b")]
        let lease = Lease(id: "lease", expiresOn: MetadataFixture.time)
        let add = { try await store.addFiles(files, by: "ada", onConflict: .fail, leaseID: $0) }
        try await store.leaseObjects([try files[1].key], lease)
        try expect(try await add(lease.id), equals: nil, "one of the objects is not leased")
        try expect(try await store.file(files[1].id), equals: nil, "nothing is added")
        try await store.leaseObjects([try files[0].key, ObjectKey.random()], lease)
        try expect(try await add("other"), equals: nil, "another lease")
        try expect(try await add(lease.id), equals: files.map { .added($0) }, "all objects are leased")
        let unused = try await store.discardLeasedObjects(leaseID: lease.id)
        try expect(unused.count, equals: 1, "the object without a file")
        // With `skip`, the lease remains until the caller discards the object.
        let again = [ada.put("a"), ada.put("c")]
        try await store.leaseObjects(try again.map { try $0.key }, lease)
        let results = try await store.addFiles(again, by: "ada", onConflict: .skip, leaseID: lease.id)
        try expect(results, equals: [.skipped(files[0]), .added(again[1])], "the existing file is kept")
        let discarded = try await store.discardLeasedObjects(leaseID: lease.id)
        try expect(discarded, equals: [try again[0].key], "the object of the skipped file")
    }

    static func foldersAreAddedOrFound(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let existing = ada.folder("a")
        try await store.addFolder(existing)
        _ = try await store.put(ada.put("file"))
        var folders = [ada.folder("a"), ada.folder("b"), ada.folder("file"), ada.folder("c"), ada.folder("d")]
        for index in folders.indices.dropFirst() { folders[index].parent = folders[0].id }
        folders[2].parent = ada.root
        folders[3].parent = folders[2].id
        folders[4].parent = "none"
        let results = try await store.addFolders(folders, by: "ada")
        try expect(try results[0].get(), equals: existing, "the existing folder")
        try expect(try results[1].get().id, equals: folders[1].id, "a new folder")
        try expect(try results[1].get().parent, equals: existing.id, "its parent")
        try expect(try await store.file(folders[1].id), equals: try results[1].get(), "the stored folder")
        for (index, code) in [(2, PontoonError.Code.fileExists), (3, .fileExists), (4, .destinationNotFound)] {
            try await expectRefusal(code) { try results[index].get() }
            try expect(try await store.file(folders[index].id), equals: nil, "a refused folder")
        }
        for result in try await store.addFolders([ada.folder("x")], by: "nobody") {
            try await expectRefusal(.destinationNotFound) { try result.get() }
        }
    }

    static func parallelTreesShareFolders(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let results = try await concurrently(6) { number in
            // Half of the callers add the folders in the opposite order.
            let names = (0..<8).map { "d\(number % 2 == 0 ? $0 : 7 - $0)" }
            let folders = try await store.addFolders(names.map { ada.folder($0) }, by: "ada").map { try $0.get() }
            let files = folders.map { ada.put("f\(number)", in: $0.id) } + folders.map { ada.put("shared", in: $0.id) }
            return try await store.addFiles(files, by: "ada", onConflict: .skip, leaseID: nil)?.count
        }
        try expect(results, equals: Array(repeating: 16, count: 6), "results")
        let list = try await store.files(in: ada.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 8, "folders")
        try await ada.expectUsage(Usage(storedBytes: 560, files: 56), in: store)
    }
}

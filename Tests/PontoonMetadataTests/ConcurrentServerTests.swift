import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@Suite("Servers sharing a database do not interfere")
struct ConcurrentServerTests {
    private static let rounds = 8

    /// Runs `count` rounds with two stores on one database.
    ///
    /// `round` receives the round's number, from 0, the stores and a fixture that all rounds share.
    private func race(
        in database: TestDatabase,
        _ count: Int,
        _ round: @Sendable (Int, [SQLMetadataStore], MetadataFixture) async throws -> Void
    ) async throws {
        try await withStores(2, in: database) { stores in
            let fixture = try await MetadataFixture(in: stores[0])
            for index in 0..<count { try await round(index, stores, fixture) }
        }
    }

    @Test("concurrent uploads that overwrite a name all complete and leave one file", arguments: TestDatabase.all)
    func overwriting(_ database: TestDatabase) async throws {
        try await race(in: database, Self.rounds) { round, stores, fixture in
            let uploads = (0..<24).map { _ in fixture.upload("\(round)", overwrite: true) }
            for upload in uploads { try await fixture.addCompletingUpload(upload, to: stores[0]) }
            let ended = try await concurrently(uploads.count) { index in
                try await stores[index % 2]
                    .completeUpload(uploads[index].id, file: fixture.file(of: uploads[index]), overwrite: true)
            }
            #expect(ended.allSatisfy { $0 })
            let files = try await stores[1].files(in: fixture.root, filter: FileFilter(), window: .page(.all))
            #expect(files.total == round + 1 && files.items.count == round + 1)
            #expect(try await stores[0].discardedObjects(limit: 1000).count == (round + 1) * 23)
            #expect(try await stores[0].uploads(of: fixture.user.name, page: .all).total == 0)
        }
    }

    @Test("exactly one of several uploads that do not overwrite gets the name", arguments: TestDatabase.all)
    func oneName(_ database: TestDatabase) async throws {
        try await race(in: database, Self.rounds) { round, stores, fixture in
            let uploads = (0..<16).map { _ in fixture.upload("\(round)") }
            for upload in uploads { try await fixture.addCompletingUpload(upload, to: stores[0]) }
            let codes = try await concurrently(uploads.count) { index -> PontoonError.Code? in
                do {
                    let file = fixture.file(of: uploads[index])
                    _ = try await stores[index % 2].completeUpload(uploads[index].id, file: file, overwrite: false)
                    return nil
                } catch let error as PontoonError {
                    return error.code
                }
            }
            #expect(codes.count { $0 == nil } == 1)
            #expect(codes.count { $0 == .nameTaken } == 15)
        }
    }

    @Test("each replaced part record is returned to the writer that replaced it", arguments: TestDatabase.all)
    func replacedParts(_ database: TestDatabase) async throws {
        try await race(in: database, Self.rounds) { round, stores, fixture in
            let upload = fixture.upload("\(round)")
            try await stores[0].addUpload(upload)
            let replaced = try await concurrently(24) { index in
                let part = try MetadataFixture.part(1, etag: "tag\(index)")
                if index.isMultiple(of: 5) { return try await stores[index % 2].forgetPart(part.number, of: upload.id) }
                return try await stores[index % 2].recordPart(part, of: upload.id)
            }
            let left = try await stores[1].parts(of: upload.id)
            #expect(left.count <= 1)
            let tags = (replaced.compactMap { $0 } + left).map(\.etag)
            #expect(tags.sorted() == (0..<24).filter { !$0.isMultiple(of: 5) }.map { "tag\($0)" }.sorted())
        }
    }

    @Test("concurrent copies into one folder get distinct numbers", arguments: TestDatabase.all)
    func numberedCopies(_ database: TestDatabase) async throws {
        try await race(in: database, 2) { round, stores, fixture in
            let original = try await fixture.addFile("a\(round)", to: stores[0])
            let names = try await concurrently(40) { index in
                let copy = FileCopy(
                    id: Identifiers.file(now: MetadataFixture.time),
                    project: fixture.project.id,
                    parent: fixture.root,
                    name: nil,
                    conflictPolicy: .number,
                    createdOn: MetadataFixture.time
                )
                return try await stores[index % 2].copyFile(original.id, as: copy)?.name
            }
            #expect(Set(names).count == 40)
            let deleted = try await stores[1].files(in: fixture.root, filter: FileFilter(), window: .page(.all)).items
            let gone = try await concurrently(deleted.count * 2) { index in
                try await stores[index % 2].deleteFile(deleted[index / 2].id)
            }
            #expect(gone.count { $0 } == deleted.count)
            #expect(try await stores[0].discardedObjects(limit: 100).count == round + 1)
        }
    }

    @Test("concurrent moves do not create a folder cycle", arguments: TestDatabase.all)
    func folderRings(_ database: TestDatabase) async throws {
        try await race(in: database, Self.rounds) { round, stores, fixture in
            let folders = (0..<4).map { fixture.folder("\(round)-\($0)") }
            for folder in folders { try await stores[0].addFolder(folder) }
            let moved = try await concurrently(folders.count) { index -> Bool in
                do {
                    let target = folders[(index + 1) % folders.count].id
                    let file = try await stores[index % 2]
                        .moveFile(folders[index].id, to: target, name: nil, now: MetadataFixture.time)
                    return file != nil
                } catch let error as PontoonError where error.code == .folderCycle {
                    return false
                }
            }
            #expect(moved.count { $0 } == 3)
            let listed = try await stores[0].files(in: fixture.root, filter: FileFilter(), window: .page(.all))
            #expect(listed.total == listed.items.count && listed.total == round + 1)
        }
    }

    @Test("totals are correct after concurrent changes of all kinds", arguments: TestDatabase.all)
    func totals(_ database: TestDatabase) async throws {
        try await race(in: database, 2) { round, stores, fixture in
            let folders = (0..<3).map { fixture.folder("\(round)-\($0)") }
            for folder in folders { try await stores[0].addFolder(folder) }
            _ = try await concurrently(60) { index in
                let store = stores[index % 2]
                let parent = folders[index % 3].id
                let upload = fixture.upload("f\(index / 6)", in: parent, overwrite: true)
                try await store.addUpload(upload)
                if index.isMultiple(of: 7) { return try await store.abortUpload(upload.id) }
                _ = try await store.beginCompletion(of: upload.id)
                let file = fixture.file(of: upload)
                _ = try await store.completeUpload(upload.id, file: file, overwrite: true)
                if index.isMultiple(of: 4) {
                    let target = folders[(index + 1) % 3].id
                    _ = try await stores[(index + 1) % 2]
                        .moveFile(file.id, to: target, name: "m\(index)", now: MetadataFixture.time)
                }
                return index.isMultiple(of: 5) ? try await store.deleteFile(file.id) : true
            }
            for folder in folders {
                let listing = try await stores[1].files(in: folder.id, filter: FileFilter(), window: .page(.all))
                #expect(listing.total == listing.items.count)
            }
            #expect(try await stores[1].uploads(of: fixture.user.name, page: .all).total == 0)
        }
    }

    @Test("exactly one of several servers on an empty database creates the first user", arguments: TestDatabase.all)
    func bootstrap(_ database: TestDatabase) async throws {
        try await withStores(4, in: database) { stores in
            let made = try await concurrently(16) { index in
                let project = MetadataFixture.project(ProjectID(owner: "admin\(index)", shortName: "p"))
                return try await stores[index % 4].bootstrap(
                    user: User(name: "admin\(index)", createdOn: MetadataFixture.time),
                    project: project,
                    token: TokenRecord(
                        id: "\(index)",
                        userName: "admin\(index)",
                        hash: "\(index)",
                        createdOn: MetadataFixture.time
                    )
                )
            }
            #expect(made.count { $0 } == 1)
        }
    }
}

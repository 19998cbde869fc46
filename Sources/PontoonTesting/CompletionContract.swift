import Foundation
package import PontoonCore

/// Rules for ``UploadStore`` about completing uploads to folders.
package enum CompletionContract: MetadataRule, CaseIterable {
    case completingAddsTheFileAndDeletesTheParts
    case anotherObjectDiscardsTheUploads
    case oneOfManyCallersCompletes
    case onlyACompletingUploadCompletes
    case takenNameIsRejected
    case nameOfAFolderIsRejected
    case overwritingReplacesAndDiscards
    case concurrentOverwritesLeaveOneFile
    case overwritingNothingAddsAFile
    case overwritingAFolderIsRejected
    case renamingChoosesAFreeName
    case skippingKeepsTheFile
    case concurrentRulesLeaveOneFilePerName
    case deletedFolderIsRejected
    case deletedProjectIsRejected

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .completingAddsTheFileAndDeletesTheParts:
            try await Self.completingAddsTheFileAndDeletesTheParts(store, fixture)
        case .anotherObjectDiscardsTheUploads: try await Self.anotherObjectDiscardsTheUploads(store, fixture)
        case .oneOfManyCallersCompletes: try await Self.oneOfManyCallersCompletes(store, fixture)
        case .onlyACompletingUploadCompletes: try await Self.onlyACompletingUploadCompletes(store, fixture)
        case .takenNameIsRejected: try await Self.takenNameIsRejected(store, fixture)
        case .nameOfAFolderIsRejected: try await Self.nameOfAFolderIsRejected(store, fixture, overwrite: false)
        case .overwritingReplacesAndDiscards: try await Self.overwritingReplacesAndDiscards(store, fixture)
        case .concurrentOverwritesLeaveOneFile: try await Self.concurrentOverwritesLeaveOneFile(store, fixture)
        case .overwritingNothingAddsAFile: try await Self.overwritingNothingAddsAFile(store, fixture)
        case .overwritingAFolderIsRejected: try await Self.nameOfAFolderIsRejected(store, fixture, overwrite: true)
        case .renamingChoosesAFreeName: try await Self.renamingChoosesAFreeName(store, fixture)
        case .skippingKeepsTheFile: try await Self.skippingKeepsTheFile(store, fixture)
        case .concurrentRulesLeaveOneFilePerName:
            try await Self.concurrentRulesLeaveOneFilePerName(store, fixture)
        case .deletedFolderIsRejected: try await Self.deletedFolderIsRejected(store, fixture)
        case .deletedProjectIsRejected: try await Self.deletedProjectIsRejected(store, fixture)
        }
    }

    private static func completingAddsTheFileAndDeletesTheParts(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        _ = try await store.beginCompletion(of: upload.id)
        let file = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "the upload completes")
        try expect(try await store.file(file.id), equals: file, "the file is stored")
        let completed = try require(try await store.upload(upload.id), "the upload is still stored")
        try expect(completed.state, equals: .completed, "the upload is completed")
        try expect(completed.fileID, equals: file.id, "the upload refers to its file")
        try expect(try await store.parts(of: upload.id), equals: [], "the upload's part records are deleted")
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "no object is discarded")
    }

    private static func anotherObjectDiscardsTheUploads(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await fixture.addCompletingUpload(upload, to: store)
        let file = fixture.file(of: upload, key: .randomForEmptyObject())
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "the upload completes")
        try expect(try await store.file(file.id), equals: file, "the file has its own object")
        let discarded = try await store.discardedObjects(limit: 9)
        try expect(discarded, equals: [upload.object], "the upload's object is discarded")
        let key = try require(file.content?.key, "a file has content")
        try expect(try await store.recordedObjects(among: [upload.key, key]), equals: [key], "the file's object")
    }

    private static func oneOfManyCallersCompletes(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let upload = fixture.upload()
        try await fixture.addCompletingUpload(upload, to: store)
        let wins = try await concurrently(32) { _ in
            try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: true)
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many callers completes")
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 1, "one file is added")
        try expect(
            try await store.upload(upload.id)?.fileID,
            equals: list.items.first?.id,
            "the file of the successful caller"
        )
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "nothing is discarded")
    }

    private static func onlyACompletingUploadCompletes(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        let file = fixture.file(of: upload)
        try expect(try await !store.completeUpload(upload.id, file: file, overwrite: false), "an unknown upload")
        try await store.addUpload(upload)
        try expect(try await !store.completeUpload(upload.id, file: file, overwrite: false), "an active upload")
        try expect(try await store.file(file.id), equals: nil, "nothing was changed")
        try expect(try await store.upload(upload.id), equals: upload, "nothing was changed")
        _ = try await store.beginCompletion(of: upload.id)
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "a completing upload")
        try expect(try await !store.completeUpload(upload.id, file: file, overwrite: true), "a completed upload")
        try expect(try await store.upload(upload.id)?.state, equals: .completed, "a completed upload stays completed")
    }

    private static func takenNameIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload("a.bam")
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        _ = try await store.beginCompletion(of: upload.id)
        let existing = try await fixture.addFile("a.bam", to: store)
        let file = fixture.file(of: upload)
        try await expectRefusal(.nameTaken) {
            try await store.completeUpload(upload.id, file: file, overwrite: false)
        }
        try expect(try await store.file(named: "a.bam", in: fixture.root), equals: existing, "the file stays")
        try expect(try await store.upload(upload.id)?.state, equals: .completing, "the upload is still stored")
        try expect(try await store.parts(of: upload.id).count, equals: 1, "the upload's parts are still stored")
        try expect(try await store.deleteFile(existing.id), "the name is freed")
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "the upload completes")
    }

    private static func nameOfAFolderIsRejected(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture,
        overwrite: Bool
    ) async throws {
        let upload = fixture.upload("a.bam", overwrite: overwrite)
        try await fixture.addCompletingUpload(upload, to: store)
        let folder = fixture.folder("a.bam")
        try await store.addFolder(folder)
        try await expectRefusal(.folderExists) {
            try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: overwrite)
        }
        try expect(try await store.file(folder.id), equals: folder, "the folder is still stored")
        try expect(try await store.upload(upload.id)?.state, equals: .completing, "the upload is still stored")
    }

    private static func overwritingReplacesAndDiscards(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let old = try await fixture.addFile("a.bam", to: store, tags: ["old"], metadata: ["k": "old"])
        let upload = fixture.upload("a.bam", overwrite: true)
        try await fixture.addCompletingUpload(upload, to: store)
        let file = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: true), "the upload completes")
        try expect(try await store.file(old.id), equals: nil, "the replaced file is deleted")
        let found = try await store.file(named: "a.bam", in: fixture.root)
        try expect(found, equals: file, "the new file has neither tags nor metadata")
        let key = try require(old.content, "a file has contents").key
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [key],
            "the old object is discarded"
        )
    }

    private static func concurrentOverwritesLeaveOneFile(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let uploads = (0..<12).map { _ in fixture.upload("a.bam", overwrite: true) }
        for upload in uploads { try await fixture.addCompletingUpload(upload, to: store) }
        let wins = try await concurrently(uploads.count) { index in
            try await store.completeUpload(uploads[index].id, file: fixture.file(of: uploads[index]), overwrite: true)
        }
        try expect(wins.allSatisfy { $0 }, "all uploads are completed")
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        let last = try require(list.items.first?.content?.key, "a file remains")
        try expect(list.total, equals: 1, "one file remains")
        let discarded = try await store.discardedObjects(limit: 100).map(\.key)
        try expect(discarded.count, equals: uploads.count - 1, "the objects of all others are discarded")
        try expect(Set(discarded + [last]), equals: Set(uploads.map(\.key)), "all objects but the last are discarded")
    }

    private static func overwritingNothingAddsAFile(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload("a.bam", overwrite: true)
        try await fixture.addCompletingUpload(upload, to: store)
        let file = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: true), "the upload completes")
        try expect(try await store.file(file.id), equals: file, "the file is stored")
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "nothing is discarded")
    }

    private static func deletedFolderIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let upload = fixture.upload(in: folder.id)
        try await fixture.addCompletingUpload(upload, to: store)
        try expect(try await store.deleteFile(folder.id), "the folder of an open upload can be deleted")
        for overwrite in [false, true] {
            try await expectRefusal(.destinationNotFound) {
                try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: overwrite)
            }
        }
        try expect(try await store.upload(upload.id)?.state, equals: .completing, "nothing was changed")
    }

    /// Checks that an upload of a deleted project cannot be completed.
    ///
    /// A store may delete uploads with their project, or refuse to complete them.
    private static func deletedProjectIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try await fixture.addCompletingUpload(upload, to: store)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        let file = fixture.file(of: upload)
        do {
            let isDone = try await store.completeUpload(upload.id, file: file, overwrite: true)
            try expect(!isDone, "the project is gone")
        } catch let error as PontoonError {
            try expect(error.code, equals: .projectNotFound, "the error code")
        }
        try expect(try await store.file(file.id), equals: nil, "no file is added")
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [upload.key],
            "its object is discarded"
        )
    }
}

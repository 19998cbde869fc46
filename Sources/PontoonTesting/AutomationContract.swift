import Foundation
package import PontoonCore

/// Rules for ``AutomationStore`` and for uploads to automations.
package enum AutomationContract: MetadataRule, CaseIterable {
    case automationRoundTrips
    case automationNeedsItsOwner
    case packageRoundTrips
    case automationsAndPackagesAreListed
    case automationsAndPackagesAreChanged
    case packageUploadsAreListed
    case packageNeedsAFileOfItsAutomation
    case uploadRoundTrips
    case uploadNeedsItsAutomation
    case uploadIsNotListed
    case completingAddsThePackageFileAndDeletesTheParts
    case sameNameAddsAnotherFile
    case oneOfManyCallersCompletes
    case onlyACompletingUploadCompletes
    case abortDiscardsTheObject
    case onlyItsUserReadsTheEventsOfAnUpload

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await AutomationFixture(in: store)
        switch self {
        case .automationRoundTrips: try await Self.automationRoundTrips(store, fixture)
        case .automationNeedsItsOwner: try await Self.automationNeedsItsOwner(store)
        case .packageRoundTrips: try await Self.packageRoundTrips(store, fixture)
        case .automationsAndPackagesAreListed: try await Self.automationsAndPackagesAreListed(store, fixture)
        case .automationsAndPackagesAreChanged: try await Self.automationsAndPackagesAreChanged(store, fixture)
        case .packageUploadsAreListed: try await Self.packageUploadsAreListed(store, fixture)
        case .packageNeedsAFileOfItsAutomation: try await Self.packageNeedsAFile(store, fixture)
        case .uploadRoundTrips: try await Self.uploadRoundTrips(store, fixture)
        case .uploadNeedsItsAutomation: try await Self.uploadNeedsItsAutomation(store, fixture)
        case .uploadIsNotListed: try await Self.uploadIsNotListed(store, fixture)
        case .completingAddsThePackageFileAndDeletesTheParts:
            try await Self.completingAddsThePackageFileAndDeletesTheParts(store, fixture)
        case .sameNameAddsAnotherFile: try await Self.sameNameAddsAnotherFile(store, fixture)
        case .oneOfManyCallersCompletes: try await Self.oneOfManyCallersCompletes(store, fixture)
        case .onlyACompletingUploadCompletes: try await Self.onlyACompletingUploadCompletes(store, fixture)
        case .abortDiscardsTheObject: try await Self.abortDiscardsTheObject(store, fixture)
        case .onlyItsUserReadsTheEventsOfAnUpload: try await Self.events(store, fixture)
        }
    }

    private static func events(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let file = try await fixture.addFile(to: store)
        let aborted = fixture.upload()
        try await store.addUpload(aborted)
        try expect(try await store.abortUpload(aborted.id), "the upload is aborted")
        let events = try await store.allEvents(for: "ada").dropFirst()
        try expect(events.map(\.type), equals: ["upload.completed", "upload.aborted"], "the types")
        try expect(events.map(\.project), equals: [nil, nil], "the projects")
        try expect(events.last?.subject, equals: "automation/upload/\(aborted.id)", "the subject")
        try expect(events.first?.data.contains(file.id), equals: true, "the file is a detail")
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try expect(try await store.allEvents(for: "bob"), equals: [], "the events of another user")
    }

    private static func automationRoundTrips(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let full = fixture.newAutomation(name: "ü b", description: "what it does")
        try await store.addAutomation(full)
        for automation in [fixture.automation, full] {
            let kept = try await store.automation(automation.id)
            try expect(kept, equals: automation, "a stored automation is read back unchanged")
        }
        try expect(try await store.automation("nope"), equals: nil, "an unknown automation")
    }

    private static func automationNeedsItsOwner(_ store: some MetadataStore) async throws {
        let automation = Automation(
            id: Identifiers.uuid(),
            owner: "nobody",
            name: "a",
            description: "",
            createdOn: MetadataFixture.time
        )
        try await expectRefusal(.userNotFound) { try await store.addAutomation(automation) }
        try expect(try await store.automation(automation.id), equals: nil, "nothing was added")
    }

    private static func packageRoundTrips(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let file = try await fixture.addFile(to: store)
        let plain = fixture.package(of: file)
        let full = fixture.package(of: file, memoryLimit: 1 << 36, python: "3.8")
        for package in [plain, full] {
            try await store.addPackage(package)
            try expect(try await store.package(package.id), equals: package, "a stored package is read back unchanged")
        }
        try expect(try await store.package("nope"), equals: nil, "an unknown package")
    }

    private static func packageNeedsAFile(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let other = fixture.newAutomation()
        try await store.addAutomation(other)
        let file = try await fixture.addFile(to: store)
        let stray = PackageFile(
            id: file.id,
            automation: other.id,
            name: file.name,
            content: file.content,
            createdOn: file.createdOn
        )
        let package = fixture.package(of: stray)
        try await expectRefusal(.packageNotFound) { try await store.addPackage(package) }
        try expect(try await store.package(package.id), equals: nil, "nothing was added")
        let project = try await fixture.fixture.addFile("a.bam", to: store)
        try expect(try await store.packageFile(project.id), equals: nil, "a file of a project is not a package file")
    }

    private static func uploadRoundTrips(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(try await store.upload(upload.id), equals: upload, "a stored upload is read back unchanged")
        let summary = try await store.uploadSummary(upload.id)
        try expect(summary?.upload, equals: upload, "the summary contains the same upload")
        try expect(try await store.openUploadKeys(), equals: [upload.key], "the keys of unfinished uploads")
    }

    private static func uploadNeedsItsAutomation(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let upload = fixture.upload(to: Identifiers.uuid())
        try await expectRefusal(.automationNotFound) { try await store.addUpload(upload) }
        try expect(try await store.upload(upload.id), equals: nil, "nothing was added")
    }

    private static func uploadIsNotListed(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let aborted = fixture.upload()
        for upload in [fixture.upload(), aborted] { try await store.addUpload(upload) }
        let file = fixture.fixture.upload()
        try await store.addUpload(file)
        // Aborting an upload to an automation does not change the total either.
        try expect(try await store.abortUpload(aborted.id), "there was such an upload")
        _ = try await fixture.addFile(to: store)
        let list = try await store.uploads(of: fixture.fixture.user.name, page: .all)
        try expect(list.items.map(\.upload.id), equals: [file.id], "only uploads to folders are listed")
        try expect(list.total, equals: 1, "only uploads to folders are counted")
    }

    private static func completingAddsThePackageFileAndDeletesTheParts(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        _ = try await store.beginCompletion(of: upload.id)
        let file = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, packageFile: file), "the upload completes")
        try expect(try await store.packageFile(file.id), equals: file, "the package file is stored")
        let completed = try require(try await store.upload(upload.id), "the upload is still stored")
        try expect(completed.state, equals: .completed, "the upload is completed")
        try expect(completed.fileID, equals: file.id, "the upload refers to its package file")
        try expect(try await store.parts(of: upload.id), equals: [], "the upload's part records are deleted")
        try expect(try await store.file(file.id), equals: nil, "the package file is not a file of a project")
        try await store.pruneCompletedUploads(before: .distantFuture)
        try expect(try await store.packageFile(file.id), equals: file, "the file outlives its upload")
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "the object is not discarded")
    }

    private static func sameNameAddsAnotherFile(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let first = try await fixture.addFile(to: store)
        let second = try await fixture.addFile(to: store)
        try expect(first.name, equals: second.name, "the names are equal")
        try expect(try await store.packageFile(first.id), equals: first, "the first file is unchanged")
        try expect(try await store.packageFile(second.id), equals: second, "the second file is added")
    }

    private static func oneOfManyCallersCompletes(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let upload = fixture.upload()
        try await fixture.fixture.addCompletingUpload(upload, to: store)
        let files = (0..<32).map { _ in fixture.file(of: upload) }
        let wins = try await concurrently(files.count) { index in
            try await store.completeUpload(upload.id, packageFile: files[index]) ? files[index].id : nil
        }
        try expect(wins.compactMap { $0 }.count, equals: 1, "exactly one of many callers completes")
        try expect(wins.compactMap { $0 }.first, equals: try await store.upload(upload.id)?.fileID, "the stored file")
    }

    private static func onlyACompletingUploadCompletes(
        _ store: some MetadataStore,
        _ fixture: AutomationFixture
    ) async throws {
        let upload = fixture.upload()
        let file = fixture.file(of: upload)
        try expect(try await !store.completeUpload(upload.id, packageFile: file), "an unknown upload")
        try await store.addUpload(upload)
        try expect(try await !store.completeUpload(upload.id, packageFile: file), "an active upload")
        try expect(try await store.packageFile(file.id), equals: nil, "nothing was changed")
        try expect(try await store.upload(upload.id), equals: upload, "nothing was changed")
    }

    private static func abortDiscardsTheObject(_ store: some MetadataStore, _ fixture: AutomationFixture) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(try await store.abortUpload(upload.id), "there was such an upload")
        try expect(try await store.upload(upload.id), equals: nil, "the upload is gone")
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [upload.key],
            "its object is discarded"
        )
    }
}

/// A stored automation, and factories for its uploads and packages.
struct AutomationFixture: Sendable {
    let fixture: MetadataFixture
    let automation: Automation

    init(in store: some MetadataStore) async throws {
        fixture = try await MetadataFixture(in: store)
        automation = Self.automation(of: fixture.user)
        try await store.addAutomation(automation)
    }

    private static func automation(of user: User, name: String = "a", description: String = "") -> Automation {
        Automation(
            id: Identifiers.uuid(),
            owner: user.name,
            name: name,
            description: description,
            createdOn: MetadataFixture.time
        )
    }

    /// Creates an automation without storing it.
    func newAutomation(name: String = "a", description: String = "") -> Automation {
        Self.automation(of: fixture.user, name: name, description: description)
    }

    /// Creates an upload of 10 bytes to an automation, without storing it; if `id` is `nil`, to ``automation``.
    func upload(to id: String? = nil) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: fixture.user.name,
            destination: .automation(id: id ?? automation.id),
            name: "code.zip",
            size: 10,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: MetadataFixture.time
        )
    }

    /// Creates the package file that results from an upload, without storing it.
    func file(of upload: Upload) -> PackageFile {
        PackageFile(
            id: Identifiers.file(now: MetadataFixture.time),
            automation: automation.id,
            name: upload.name,
            content: MetadataFixture.content(of: upload),
            createdOn: MetadataFixture.time
        )
    }

    /// Creates a package without storing it.
    func package(of file: PackageFile, memoryLimit: Int64? = nil, python: String? = nil) -> CodePackage {
        CodePackage(
            id: Identifiers.uuid(),
            automation: file.automation,
            version: "1.0",
            location: file.id,
            schema: #"{"inputs":[]}"#,
            memoryLimit: memoryLimit,
            python: python,
            createdBy: fixture.user.name,
            createdOn: MetadataFixture.time
        )
    }

    /// Stores a package file by completing an upload.
    func addFile(to store: some MetadataStore) async throws -> PackageFile {
        let upload = upload()
        try await fixture.addCompletingUpload(upload, to: store)
        let file = file(of: upload)
        try expect(try await store.completeUpload(upload.id, packageFile: file), "an upload completes")
        return file
    }
}

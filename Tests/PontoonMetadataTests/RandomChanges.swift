import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

/// Makes random changes to a store, and compares the store's counters with its files and uploads.
struct RandomChanges {
    enum Change: CaseIterable {
        case initialize, initializeUnknown, part, replacePart, complete, overwrite, emptyFile, abort, copy, move, delete
        case giveProjects, removeUploader, deleteProject, lapse, refuse
    }

    private let store: SQLMetadataStore
    private var generator: SeededGenerator
    private var projects: [Project] = []
    private var uploads: [Upload] = []
    private var files: [File] = []
    /// The bytes that lapsed reservations still reserve, by upload id.
    private var lapsed: [String: Int64] = [:]
    private var number = 0
    private(set) var performed: Set<Change> = []

    init(in store: SQLMetadataStore, seed: UInt64) async throws {
        self.store = store
        generator = SeededGenerator(seed: seed)
        for user in ["ada", "bob", "cyd", "dan"] {
            try await store.addUser(User(name: user, createdOn: MetadataFixture.time))
        }
        for owner in ["ada", "bob"] { try await addProject(of: owner) }
    }

    private mutating func addProject(of owner: String) async throws {
        number += 1
        let project = MetadataFixture.project(ProjectID(owner: owner, shortName: "p\(number)"))
        _ = try await store.addProject(project)
        projects.append(project)
    }

    /// Makes a random change that is possible in the current state.
    mutating func next() async throws -> Change {
        while true {
            guard let change = Change.allCases.randomElement(using: &generator) else { continue }
            if try await perform(change) {
                performed.insert(change)
                return change
            }
        }
    }

    private mutating func upload(size: Int64?, name: String? = nil, in project: Project? = nil) -> Upload? {
        guard let project = project ?? projects.randomElement(using: &generator) else { return nil }
        number += 1
        return Upload(
            id: Identifiers.upload(),
            userName: Bool.random(using: &generator) ? "ada" : "dan",
            destination: .folder(id: project.rootFolder, project: project.id, wasGivenByFolder: false),
            name: name ?? "file\(number)",
            size: size,
            partSize: 5,
            md5: nil,
            rule: name != nil ? .overwrite : .fail,
            key: .random(),
            initiatedOn: MetadataFixture.time
        )
    }

    private mutating func perform(_ change: Change) async throws -> Bool {
        switch change {
        case .initialize:
            guard let upload = upload(size: .random(in: 0...30, using: &generator)) else { return false }
            return try await start(upload)
        case .initializeUnknown:
            guard let upload = upload(size: nil) else { return false }
            return try await start(upload)
        case .part, .replacePart: return try await sendPart(replacing: change == .replacePart)
        case .complete:
            guard let upload = uploads.randomElement(using: &generator) else { return false }
            return try await complete(upload)
        case .overwrite:
            guard let file = files.randomElement(using: &generator),
                let project = projects.first(where: { $0.id == file.project }),
                let upload = upload(size: .random(in: 0...30, using: &generator), name: file.name, in: project)
            else { return false }
            _ = try await start(upload)
            files.removeAll { $0.id == file.id }
            return try await complete(upload)
        case .emptyFile:
            guard let upload = upload(size: 0) else { return false }
            _ = try await start(upload)
            return try await complete(upload)
        case .abort:
            guard let upload = uploads.randomElement(using: &generator) else { return false }
            forget(upload)
            return try await store.abortUpload(upload.id)
        case .copy: return try await copy()
        case .move:
            guard let file = files.randomElement(using: &generator), let parent = file.parent else { return false }
            number += 1
            let moved = try await store.moveFile(file.id, to: parent, name: "moved\(number)", now: MetadataFixture.time)
            files.removeAll { $0.id == file.id }
            files.append(try #require(moved))
            return true
        case .delete:
            guard let file = files.randomElement(using: &generator) else { return false }
            files.removeAll { $0.id == file.id }
            return try await store.deleteFile(file.id)
        case .giveProjects, .removeUploader: return try await removeUser(change == .giveProjects ? "bob" : "dan")
        case .deleteProject: return try await deleteProject()
        case .lapse: return try await lapse()
        case .refuse: return try await refuse()
        }
    }

    private mutating func start(_ upload: Upload) async throws -> Bool {
        try await store.addUpload(upload)
        uploads.append(upload)
        return true
    }

    private mutating func forget(_ upload: Upload) {
        uploads.removeAll { $0.id == upload.id }
        lapsed[upload.id] = nil
    }

    private mutating func sendPart(replacing: Bool) async throws -> Bool {
        guard let upload = uploads.randomElement(using: &generator) else { return false }
        let stored = try await store.parts(of: upload.id).map(\.number.rawValue)
        let numbers = replacing ? stored : (1...8).filter { !stored.contains($0) }
        guard let number = numbers.randomElement(using: &generator) else { return false }
        let longest = min(5, (upload.size ?? .max) - Int64(number - 1) * 5)
        guard longest > 0 else { return false }
        let part = try MetadataFixture.part(number, size: .random(in: 1...longest, using: &generator))
        _ = try await store.recordPart(part, of: upload.id)
        // Storing a part restores a lapsed reservation, unless all bytes were stored.
        lapsed[upload.id] = nil
        return true
    }

    private mutating func complete(_ upload: Upload) async throws -> Bool {
        guard case .folder(let folder, let project, _) = upload.destination else { return false }
        let stored = try await store.parts(of: upload.id).compactMap(\.size).reduce(0, +)
        _ = try await store.beginCompletion(of: upload.id)
        let file = File(
            id: Identifiers.file(now: MetadataFixture.time),
            name: upload.name,
            kind: .file,
            project: project,
            parent: folder,
            content: FileContent(
                key: upload.key,
                size: upload.size ?? stored,
                crc64: CRC64NVME(rawValue: 1),
                md5: nil
            ),
            createdOn: MetadataFixture.time
        )
        forget(upload)
        files.append(file)
        return try await store.completeUpload(upload.id, file: file, overwrite: upload.overwrite)
    }

    private mutating func copy() async throws -> Bool {
        guard let file = files.randomElement(using: &generator),
            let project = projects.randomElement(using: &generator)
        else { return false }
        number += 1
        let copy = try await store.copyFile(file.id, as: MetadataFixture.copy("copy\(number)", to: project))
        files.append(try #require(copy))
        return true
    }

    /// Removes a user, gives the user's projects to Cyd, and adds the user again.
    ///
    /// Bob also gets a new project.
    private mutating func removeUser(_ name: String) async throws -> Bool {
        for upload in uploads where upload.userName == name { forget(upload) }
        let result = try await store.removeUser(name, givingProjectsTo: "cyd")
        try await store.addUser(User(name: name, createdOn: MetadataFixture.time))
        if name == "bob" { try await addProject(of: "bob") }
        return result == .removed
    }

    private mutating func deleteProject() async throws -> Bool {
        guard projects.count > 2, let project = projects.randomElement(using: &generator) else { return false }
        projects.removeAll { $0.id == project.id }
        files.removeAll { $0.project == project.id }
        for upload in uploads {
            if case .folder(_, project.id, _) = upload.destination { forget(upload) }
        }
        return try await store.deleteProject(project.id) != nil
    }

    private mutating func lapse() async throws -> Bool {
        let deadline = Date.distantFuture
        for id in try await store.lapsedReservations(idleSince: deadline, limit: 3) {
            let stored = try await store.parts(of: id).compactMap(\.size).reduce(0, +)
            #expect(try await store.reduceReservation(of: id, ifIdleSince: deadline))
            lapsed[id] = stored
        }
        return true
    }

    /// Tries to start an upload and to copy a file, both of which exceed a quota.
    private mutating func refuse() async throws -> Bool {
        guard let project = projects.randomElement(using: &generator), let file = files.first,
            let upload = upload(size: 5, in: project)
        else { return false }
        _ = try await store.setQuota(QuotaChange(files: .limit(0)), of: .project(project.id))
        try await expectRefusal(.quotaExceeded) { try await store.addUpload(upload) }
        let copy = MetadataFixture.copy("refused", to: project)
        try await expectRefusal(.quotaExceeded) { try await store.copyFile(file.id, as: copy) }
        _ = try await store.setQuota(QuotaChange(files: .unlimited), of: .project(project.id))
        return true
    }

    /// Compares all counters with the lists of files and uploads, and with the store's recounts.
    func check(_ step: String) async throws {
        var owners: [String: Usage] = [:]
        for project in try await store.usages(ofProjectsOf: nil, after: nil, limit: 1000) {
            let expected = try await usage(of: project.id)
            #expect(project.report.usage == expected, "\(step): \(project.id)")
            #expect(try await store.recount(.project(project.id))?.isCorrect == true, "\(step): \(project.id)")
            owners[project.owner] = (owners[project.owner] ?? Usage()) + expected
        }
        for user in try await store.usages(ofUsersAfter: nil, limit: 1000) {
            #expect(user.report.usage == owners[user.userName] ?? Usage(), "\(step): \(user.userName)")
        }
    }

    private func usage(of project: ProjectID) async throws -> Usage {
        let root = try #require(projects.first { $0.id == project }).rootFolder
        let files = try await store.files(in: root, filter: FileFilter(), window: .after(nil, limit: 10_000)).items
        let open = try await store.openUploads(OpenUploadFilter(project: project), after: nil, limit: 10_000)
        let reserved = open.map { open -> Int64 in
            let stored = open.summary.storedBytes ?? 0
            return lapsed[open.summary.upload.id] ?? max(open.summary.upload.size ?? 0, stored)
        }
        return Usage(
            storedBytes: files.compactMap(\.content?.size).reduce(0, +),
            reservedBytes: reserved.reduce(0, +),
            files: Int64(files.count),
            openUploads: Int64(open.count)
        )
    }
}

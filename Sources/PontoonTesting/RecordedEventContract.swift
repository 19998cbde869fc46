import Foundation
package import PontoonCore

/// Rules for the events that an ``EventStore`` records for each kind of change.
package enum RecordedEventContract: MetadataRule, CaseIterable {
    case changesOfFilesAreRecorded
    case changesByJobsAreRecorded
    case replacedFilesAreRecordedAsDeleted
    case filesInOneCallAreRecorded
    case endsOfUploadsAreRecorded
    case changesOfProjectsAndMembersAreRecorded
    case useOfLinksIsRecorded
    case damageIsRecordedOnceForEachFile
    case removalOfAUserIsRecorded
    case refusedChangesAreNotRecorded

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .changesOfFilesAreRecorded: try await Self.files(store, fixture)
        case .changesByJobsAreRecorded: try await Self.steps(store, fixture)
        case .replacedFilesAreRecordedAsDeleted: try await Self.replaced(store, fixture)
        case .filesInOneCallAreRecorded: try await Self.filesInOneCall(store, fixture)
        case .endsOfUploadsAreRecorded: try await Self.uploads(store, fixture)
        case .changesOfProjectsAndMembersAreRecorded: try await Self.projects(store, fixture)
        case .useOfLinksIsRecorded: try await Self.links(store, fixture)
        case .damageIsRecordedOnceForEachFile: try await Self.damage(store, fixture)
        case .removalOfAUserIsRecorded: try await Self.userRemoval(store, fixture)
        case .refusedChangesAreNotRecorded: try await Self.refused(store, fixture)
        }
    }

    private static let time = MetadataFixture.time

    /// Checks the types and subjects of all events that a user may read, except `project.created` events.
    ///
    /// - Returns: The details of the events.
    @discardableResult
    private static func expectEvents(
        _ expected: [(EventType, subject: String)],
        _ store: some MetadataStore,
        for userName: String = "ada",
        line: Int = #line
    ) async throws -> [[String: JSONValue]] {
        let events = try await store.allEvents(for: userName).filter { $0.type != "project.created" }
        let found = events.map { "\($0.type) \($0.subject)" }
        try expect(found, equals: expected.map { "\($0.0.rawValue) \($0.subject)" }, "the events", line: line)
        return try events.map { try JSONDecoder().decode([String: JSONValue].self, from: Data($0.data.utf8)) }
    }

    private static func files(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("folder")
        try await store.addFolder(folder)
        let file = try await fixture.addFile("a", to: store)
        let copied = try await store.copyFile(file.id, as: fixture.copy("copy"))
        let copy = try require(copied, "the file is copied")
        let change = FileChange(name: "b", tags: ["t"])
        try expect(try await store.updateFile(file.id, change, now: time) != nil, "the file is changed")
        let moved = try await store.moveFile(file.id, to: folder.id, name: "c", now: time)
        try expect(moved != nil, "the file is moved")
        try expect(try await store.deleteFile(file.id), "the file is deleted")
        try expect(try await store.deleteFile(folder.id), "the folder is deleted")
        let path = "files/\(file.id)"
        let uploads = try await store.allEvents(EventFilter(userName: "ada", types: [.uploadCompleted]))
        let upload = try require(uploads.first?.subject, "an upload was completed")
        let details = try await expectEvents(
            [
                (.folderCreated, "files/\(folder.id)"), (.uploadCompleted, upload), (.fileCreated, path),
                (.fileCreated, "files/\(copy.id)"), (.fileChanged, path), (.fileMoved, path), (.fileDeleted, path),
                (.folderDeleted, "files/\(folder.id)"),
            ],
            store
        )
        try expect(
            details[2],
            equals: [
                "id": .string(file.id), "name": "a", "parent": .string(fixture.root), "size": 10,
                "crc64nvme": "fffffffffffffffe", "md5": "9e107d9d372bb6826bd81d3542a419d6",
                "upload": .string(String(upload.dropFirst("upload/multipart/".count))),
            ],
            "the details of a file"
        )
        try expect(details[3]["copied_from"], equals: .string(file.id), "the original of a copy")
        try expect(details[4]["changes"], equals: ["name", "tags"], "the changed properties")
        try expect(details[5]["name"], equals: "c", "the name after a move")
        try expect(details[5]["old_name"], equals: "b", "the name before a move")
        try expect(details[5]["old_parent"], equals: .string(fixture.root), "the folder before a move")
        try expect(details[6]["parent"], equals: .string(folder.id), "the folder of a deleted file")
    }

    private static func steps(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        let folder = fixture.folder("folder")
        let file = fixture.put("a")
        try expect(try await store.put(file), equals: .added(file), "the result")
        let job = try await fixture.leasedJob(.move, in: store)
        func move(_ id: String, to fixture: MetadataFixture, _ name: String) -> FileJobStep.Action {
            .move(id, FileMove(project: fixture.project.id, parent: fixture.root, name: name, movedOn: time))
        }
        for action in [
            .makeFolder(folder), .makeFolder(fixture.folder("folder")), .copy(file.id, fixture.copy("copy")),
            move(file.id, to: fixture, "b"), move(file.id, to: other, "c"), .delete(folder.id),
        ] {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            step.action = action
            try await job.perform(step)
        }
        let copied = try await store.file(named: "copy", in: fixture.root)
        let copy = try require(copied, "the copy")
        let path = "files/\(file.id)"
        let details = try await expectEvents(
            [
                (.fileCreated, path), (.folderCreated, "files/\(folder.id)"), (.fileCreated, "files/\(copy.id)"),
                (.fileMoved, path), (.fileDeleted, path), (.folderDeleted, "files/\(folder.id)"),
            ],
            store
        )
        try expect(details[4]["moved"], equals: .bool(true), "the file has left the project")
        let seen = try await expectEvents([(.fileMoved, path)], store, for: "bob")
        let hidden = seen[0].keys.filter { $0.hasPrefix("old_") }
        try expect(hidden, equals: [], "what the members of the new project see of the old one")
    }

    private static func replaced(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let old = try await fixture.addFile("a", to: store)
        let upload = fixture.upload("a", overwrite: true)
        try await fixture.addCompletingUpload(upload, to: store)
        let new = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, file: new, overwrite: true), "the upload completes")
        let third = fixture.put("a")
        try expect(try await store.put(third, .overwrite), equals: .added(third), "the result")
        let events = try await store.allEvents(for: "ada").dropFirst(3).map { "\($0.type) \($0.subject)" }
        try expect(
            Array(events),
            equals: [
                "upload.completed upload/multipart/\(upload.id)", "file.deleted files/\(old.id)",
                "file.created files/\(new.id)", "file.deleted files/\(new.id)", "file.created files/\(third.id)",
            ],
            "the events of two replacements"
        )
    }

    private static func filesInOneCall(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folders = [fixture.folder("a"), fixture.folder("b")]
        _ = try await store.addFolders(folders, by: "ada")
        _ = try await store.addFolders(["a", "b"].map { fixture.folder($0) }, by: "ada")
        let files = (0..<5).map { fixture.put("\($0)") }
        _ = try await store.addFiles(files, by: "ada", onConflict: .fail, leaseID: nil)
        _ = try await store.addFiles([fixture.put("0")], by: "ada", onConflict: .skip, leaseID: nil)
        try await expectEvents(
            folders.map { (.folderCreated, "files/\($0.id)") } + files.map { (.fileCreated, "files/\($0.id)") },
            store
        )
    }

    private static func uploads(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (aborted, expired) = (fixture.upload("a"), fixture.upload("b"))
        for upload in [aborted, expired] { try await store.addUpload(upload) }
        try expect(try await store.abortUpload(aborted.id), "the upload is aborted")
        try expect(try await !store.abortUpload(aborted.id), "the upload is not aborted twice")
        let deadline = time.addingTimeInterval(1)
        try expect(try await store.abortUpload(expired.id, ifIdleSince: deadline), "the upload expires")
        let details = try await expectEvents(
            [
                (.uploadAborted, "upload/multipart/\(aborted.id)"), (.uploadExpired, "upload/multipart/\(expired.id)"),
            ],
            store
        )
        let expected: [String: JSONValue] = ["id": .string(aborted.id), "name": "a", "user": "ada"]
        try expect(details[0], equals: expected, "the details of an upload")
    }

    private static func projects(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let id = fixture.project.id
        try await store.addUser(User(name: "bob", createdOn: time))
        var change = ProjectChange()
        (change.name, change.tags) = ("New", ["t"])
        try expect(try await store.updateProject(id, change, now: time) != nil, "the project is changed")
        let bob = Member(
            userName: "bob",
            permissions: Permissions(copy: true)
        )
        try expect(try await store.addMember(bob, to: id), "a member is added")
        try expect(try await !store.addMember(bob, to: id), "a member is not added twice")
        let changed = try await store.changePermissions(of: "bob", in: id, [.write: true])
        try expect(changed != nil, "a member is changed")
        let details = try await expectEvents(
            [
                (.projectChanged, "projects/ada/reads"), (.memberAdded, "projects/ada/reads/members/bob"),
                (.memberChanged, "projects/ada/reads/members/bob"),
            ],
            store
        )
        try expect(details[0]["changes"], equals: ["name", "tags"], "the changed properties")
        try expect(details[1]["permissions"], equals: ["read", "copy"], "the permissions of the new member")
        try expect(details[2]["permissions"], equals: ["read", "copy", "write"], "the changed permissions")
    }

    private static func links(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, session) = try await fixture.addLink(to: store)
        let upload = fixture.upload("open", session: session)
        try await store.addUpload(upload)
        try expect(try await store.deleteUploadLink(link.id), "the link is deleted")
        let details = try await expectEvents(
            [(.linkUsed, "upload_links/\(link.id)"), (.uploadAborted, "upload/multipart/\(upload.id)")],
            store
        )
        try expect(details[1]["link"], equals: .string(link.id), "the link of an upload")
    }

    private static func damage(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let copied = try await store.copyFile(file.id, as: fixture.copy("copy"))
        let copy = try require(copied, "the file is copied")
        let content = try require(file.content, "the file has an object")
        for (outcome, age) in [
            (ObjectCheck.Outcome.damaged(.checksum), 1.0), (.damaged(.checksum), 2), (.damaged(.missing), 3),
        ] {
            let check = ObjectCheck(object: content, outcome: outcome, checkedOn: time.addingTimeInterval(age))
            try await store.record([check])
        }
        let events = try await store.allEvents(EventFilter(userName: "ada", types: [.fileDamaged]))
        let files = Set(["files/\(file.id)", "files/\(copy.id)"])
        try expect(events.count, equals: 4, "the events of two files and two kinds of damage")
        try expect(Set(events.prefix(2).map(\.subject)), equals: files, "the damaged files")
        try expect(Set(events.suffix(2).map(\.subject)), equals: files, "the missing files")
        try expect(events[0].data.contains(#""damage":"checksum""#), "the damage is a detail")
    }

    private static func userRemoval(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        let member = Member(
            userName: "bob",
            permissions: Permissions(copy: true, write: true)
        )
        try expect(try await store.addMember(member, to: fixture.project.id), "a member is added")
        let upload = Upload(
            id: Identifiers.upload(),
            userName: "bob",
            destination: .folder(id: fixture.root, project: fixture.project.id, wasGivenByFolder: false),
            name: "his",
            size: nil,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: time
        )
        try await store.addUpload(upload)
        try expect(try await store.removeUser("bob", givingProjectsTo: "ada"), equals: .removed, "the result")
        let events = try await store.allEvents(for: "ada").filter { $0.type != "project.created" }
        try expect(
            Set(events.map { "\($0.type) \($0.subject)" }),
            equals: [
                "member.added projects/ada/reads/members/bob", "upload.aborted upload/multipart/\(upload.id)",
                "member.removed projects/ada/reads/members/bob", "member.removed projects/bob/runs/members/bob",
                "project.changed projects/\(bob.project.id)", "member.added projects/bob/runs/members/ada",
            ],
            "the events of the heir"
        )
    }

    private static func refused(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await fixture.addFile("a", to: store)
        let count = try await store.allEvents(for: "ada").count
        let upload = fixture.upload("a")
        try await fixture.addCompletingUpload(upload, to: store)
        try await expectRefusal(.nameTaken) {
            try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: false)
        }
        try await expectRefusal(.nameTaken) {
            try await store.addFiles(
                [fixture.put("0"), fixture.put("a")],
                by: "ada",
                onConflict: .fail,
                leaseID: nil
            )
        }
        try await expectRefusal(.fileExists) { try await store.addFolder(fixture.folder("a")) }
        try expect(try await !store.deleteFile("0123456789abcdef01234567"), "no file is deleted")
        try expect(try await store.allEvents(for: "ada").count, equals: count, "the number of events")
    }
}

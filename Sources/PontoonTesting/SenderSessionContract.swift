import Foundation
package import PontoonCore

/// Rules for the senders' sessions in an ``UploadLinkStore``.
package enum SenderSessionContract: MetadataRule, CaseIterable {
    case sessionRoundTrips
    case sessionNeedsItsLink
    case idleSenderMakesRoom
    case sendersSignInAtALimitedRate
    case oldSessionsArePruned
    case wrongPasswordsAreLimited
    case concurrentAttemptsAreLimited
    case attemptsOfAFastClockDoNotCount
    case eachSenderHasAFolder
    case pathsAreCreatedOnce
    case deletedFolderIsCreatedAgain
    case numberOfFoldersIsLimited

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .sessionRoundTrips: try await Self.sessionRoundTrips(store, fixture)
        case .sessionNeedsItsLink: try await Self.sessionNeedsItsLink(store, fixture)
        case .idleSenderMakesRoom: try await Self.idleSenderMakesRoom(store, fixture)
        case .sendersSignInAtALimitedRate: try await Self.sendersSignInAtALimitedRate(store, fixture)
        case .oldSessionsArePruned: try await Self.oldSessionsArePruned(store, fixture)
        case .wrongPasswordsAreLimited: try await Self.wrongPasswordsAreLimited(store, fixture)
        case .concurrentAttemptsAreLimited: try await Self.concurrentAttemptsAreLimited(store, fixture)
        case .attemptsOfAFastClockDoNotCount: try await Self.attemptsOfAFastClockDoNotCount(store, fixture)
        case .eachSenderHasAFolder: try await Self.eachSenderHasAFolder(store, fixture)
        case .pathsAreCreatedOnce: try await Self.pathsAreCreatedOnce(store, fixture)
        case .numberOfFoldersIsLimited: try await Self.numberOfFoldersIsLimited(store, fixture)
        case .deletedFolderIsCreatedAgain: try await Self.deletedFolderIsCreatedAgain(store, fixture)
        }
    }

    private static let time = MetadataFixture.time

    private static func sessionRoundTrips(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, first) = try await fixture.addLink(to: store)
        let named = fixture.session(of: link, sender: "Ännä")
        _ = try await store.addSenderSession(named, tokenHash: "t")
        for (session, token) in [(first, first.id), (named, "t")] {
            let found = try require(try await store.senderSession(withTokenHash: token), "the session")
            try expect(found.session, equals: session, "the session")
            try expect(found.isUsable, "its link is usable")
        }
        try expect(try await store.senderSession(withTokenHash: "x") == nil, "an unknown token")
        let later = time.addingTimeInterval(60)
        try await store.noteUse(ofSenderSession: named.id, now: later)
        let used = try await store.senderSession(withTokenHash: "t")?.session.usedOn
        try expect(used, equals: later, "the time of the last call")
    }

    private static func sessionNeedsItsLink(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let session = fixture.session(of: fixture.link())
        guard case .noLink = try await store.addSenderSession(session, tokenHash: "t") else {
            throw ContractViolation("there is no such link")
        }
    }

    private static func idleSenderMakesRoom(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, busy) = try await fixture.addLink(to: store)
        _ = try await store.folder(of: busy, path: [], now: time)
        var sessions: [SenderSession] = []
        for index in 1...2 {
            let session = fixture.session(of: link, createdOn: time.addingTimeInterval(Double(index) * 60))
            _ = try await store.addSenderSession(session, tokenHash: session.id)
            sessions.append(session)
        }
        let late = fixture.session(of: link, createdOn: time.addingTimeInterval(1_000_000))
        guard case .added = try await store.addSenderSession(late, tokenHash: late.id, maximum: 3) else {
            throw ContractViolation("an idle sender makes room")
        }
        try expect(try await store.senderSession(withTokenHash: busy.id) != nil, "a sender with uploads stays")
        try expect(try await store.senderSession(withTokenHash: sessions[0].id) == nil, "the longest idle is gone")
        try expect(try await store.senderSession(withTokenHash: sessions[1].id) != nil, "the others stay")
        try expect(try await store.uploadLink(link.id)?.usage.senders, equals: 3, "the number of senders")
        for session in [sessions[1], late] { _ = try await store.folder(of: session, path: [], now: time) }
        let another = fixture.session(of: link, createdOn: late.createdOn)
        guard case .full = try await store.addSenderSession(another, tokenHash: another.id, maximum: 3) else {
            throw ContractViolation("all senders have uploads")
        }
    }

    private static func sendersSignInAtALimitedRate(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, _) = try await fixture.addLink(to: store)
        func add(after seconds: Double) async throws -> SenderSessionResult {
            let session = fixture.session(of: link, createdOn: time.addingTimeInterval(seconds))
            return try await store.addSenderSession(session, tokenHash: session.id)
        }
        for _ in 1..<UploadLinkRules.maximumSignInsPerMinute {
            guard case .added = try await add(after: 30) else { throw ContractViolation("within the limit") }
        }
        guard case .tooMany = try await add(after: 59) else { throw ContractViolation("beyond the limit") }
        guard case .added = try await add(after: 61) else { throw ContractViolation("a minute after the first") }
    }

    private static func oldSessionsArePruned(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, first) = try await fixture.addLink(to: store)
        let second = fixture.session(of: link, createdOn: time.addingTimeInterval(1))
        _ = try await store.addSenderSession(second, tokenHash: second.id)
        let upload = fixture.upload(session: first)
        try await store.addUpload(upload)
        for _ in 0..<UploadLinkRules.maximumAttemptsPerAddress {
            _ = try await store.countPasswordAttempt(for: link.id, from: "a", now: time)
        }
        try await store.pruneSenderSessions(usedBefore: second.usedOn, attemptsBefore: time)
        try expect(try await store.senderSession(withTokenHash: first.id) == nil, "the older session is gone")
        try expect(try await store.senderSession(withTokenHash: second.id) != nil, "the newer one stays")
        try expect(try await store.upload(upload.id), equals: upload, "uploads stay")
        var retry = try await store.countPasswordAttempt(for: link.id, from: "a", now: time)
        try expect(retry != nil, "attempts at the given time are kept")
        try await store.pruneSenderSessions(usedBefore: time, attemptsBefore: time.addingTimeInterval(1))
        retry = try await store.countPasswordAttempt(for: link.id, from: "a", now: time)
        try expect(retry, equals: nil, "earlier attempts are gone")
    }

    private static func attemptsOfAFastClockDoNotCount(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, _) = try await fixture.addLink(to: store)
        let tomorrow = time.addingTimeInterval(24 * 3600)
        for _ in 0..<UploadLinkRules.maximumAttemptsPerAddress {
            _ = try await store.countPasswordAttempt(for: link.id, from: "a", now: tomorrow)
        }
        let refusal = try await store.countPasswordAttempt(for: link.id, from: "a", now: tomorrow)
        try expect(refusal != nil, "the address has no attempts left")
        let retry = try await store.countPasswordAttempt(for: link.id, from: "a", now: time)
        try expect(retry, equals: nil, "after the clock was set back, the address is not locked until tomorrow")
    }

    private static func wrongPasswordsAreLimited(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, _) = try await fixture.addLink(to: store)
        func attempt(_ address: String, after seconds: Double = 0) async throws -> Date? {
            try await store.countPasswordAttempt(
                for: link.id,
                from: address,
                now: time.addingTimeInterval(seconds)
            )
        }
        for _ in 0..<UploadLinkRules.maximumAttemptsPerAddress {
            try expect(try await attempt("a"), equals: nil, "the first attempts are allowed")
        }
        let end = time.addingTimeInterval(UploadLinkRules.attemptWindow)
        let compared = time.addingTimeInterval(UploadLinkRules.comparisonTime)
        try expect(try await attempt("a", after: 5), equals: compared, "the attempts are still being compared")
        try expect(try await attempt("a", after: 10), equals: end, "no more from the address until the window ends")
        try expect(try await attempt("b"), equals: nil, "another address")
        try await store.forgetPasswordAttempts(for: link.id, from: "a")
        try expect(try await attempt("a"), equals: nil, "the right password ends the count")
        for index in 2..<UploadLinkRules.maximumAttemptsPerLink {
            try expect(try await attempt("c\(index)"), equals: nil, "attempts from many addresses")
        }
        try expect(try await attempt("d", after: 10), equals: end, "no more with this link until the window ends")
        let next = try await attempt("d", after: UploadLinkRules.attemptWindow)
        try expect(next, equals: nil, "then attempts are allowed again")
    }

    private static func concurrentAttemptsAreLimited(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (link, _) = try await fixture.addLink(to: store)
        let results = try await concurrently(24) { _ in
            try await store.countPasswordAttempt(for: link.id, from: "a", now: time)
        }
        let allowed = results.count { $0 == nil }
        try expect(Int64(allowed), equals: UploadLinkRules.maximumAttemptsPerAddress, "as many as the limit")
    }

    private static func eachSenderHasAFolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, anonymous) = try await fixture.addLink(to: store)
        let senders = (0..<2).map { _ in fixture.session(of: link, sender: "A/b") }
        for session in senders { _ = try await store.addSenderSession(session, tokenHash: session.id) }
        var folders: [String] = []
        for session in [anonymous] + senders {
            let created = try await concurrently(4) { _ in try await store.folder(of: session, path: [], now: time) }
            let folder = try require(created.first, "a folder")
            try expect(Set(created), equals: [folder], "a sender has one folder")
            folders.append(folder)
        }
        var names: [String] = []
        for folder in folders {
            let file = try require(try await store.file(folder), "the folder exists")
            try expect(file.parent, equals: link.folder, "in the link's folder")
            names.append(file.name)
        }
        let minute = "2025-06-15 15.06"
        try expect(names, equals: [minute, "\(minute) A_b", "\(minute) A_b (2)"], "the names")
        let list = try await store.files(in: link.folder, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 3, "the number of folders is counted")
    }

    private static func pathsAreCreatedOnce(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (_, session) = try await fixture.addLink(to: store)
        let paths = [["a", "b"], ["a", "b"], ["a", "c"], ["a"], []]
        let folders = try await concurrently(paths.count * 4) { index in
            let path = paths[index % paths.count]
            return (path, try await store.folder(of: session, path: path, now: time))
        }
        for path in paths {
            let same = Set(folders.filter { $0.0 == path }.map(\.1))
            try expect(same.count, equals: 1, "the folder \(path)")
        }
        try expect(Set(folders.map(\.1)).count, equals: 4, "each path has its own folder")
        let own = try await store.folder(of: session, path: [], now: time)
        let upload = fixture.upload("file", in: own, session: session)
        try await fixture.addCompletingUpload(upload, to: store)
        _ = try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: false)
        try await expectRefusal(.nameTaken) { try await store.folder(of: session, path: ["file", "x"], now: time) }
    }

    private static func numberOfFoldersIsLimited(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (link, session) = try await fixture.addLink(to: store)
        func folder(_ path: [String]) async throws -> String {
            try await store.folder(of: session, path: path, now: time, maximumFolders: 3)
        }
        try await expectRefusal(.limitReached) { try await folder(["a", "b", "c"]) }
        let list = try await store.files(in: link.folder, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 0, "no folder was created")
        let created = try await folder(["a", "b"])
        try await expectRefusal(.limitReached) { try await folder(["c"]) }
        try expect(try await folder(["a", "b"]), equals: created, "existing folders can be used")
    }

    private static func deletedFolderIsCreatedAgain(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let folder = fixture.folder("inbox")
        try await store.addFolder(folder)
        let (_, session) = try await fixture.addLink(to: store, in: folder.id)
        let first = try await store.folder(of: session, path: [], now: time)
        try expect(try await store.deleteFile(first), "the folder is deleted")
        let second = try await store.folder(of: session, path: [], now: time)
        try expect(first != second, "the sender gets another one")
        try expect(try await store.deleteFile(second), "it is deleted")
        try expect(try await store.deleteFile(folder.id), "the link's folder is deleted")
        try await expectRefusal(.destinationNotFound) { try await store.folder(of: session, path: [], now: time) }
    }
}

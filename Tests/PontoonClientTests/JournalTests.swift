import Foundation
import SystemPackage
import Testing

@testable import PontoonClient

struct JournalTests {
    private static let key = JournalKey(
        endpoint: "https://host/v2",
        destination: .project("a/b"),
        source: "/data/f",
        remotePath: "f"
    )

    private static func head(_ path: FilePath) throws -> JournalHead {
        let file = try SourceFile(path)
        defer { try? file.close() }
        return JournalHead(
            endpoint: key.endpoint,
            destinationKind: "project",
            destination: "a/b",
            source: key.source,
            remotePath: key.remotePath,
            tags: ["t"],
            metadata: ["k": "v"],
            identity: FileIdentity(facts: file.facts, sample: try file.sample()),
            upload: "u",
            partSize: 5,
            began: Date(timeIntervalSince1970: 1_000_000)
        )
    }

    /// Opens the journal again.
    ///
    /// Retries, because a process that another test starts may briefly inherit the lock.
    private func reopen(_ state: StateDirectory) throws -> Journal<JournalHead> {
        let end = ContinuousClock.now + .seconds(240)
        while true {
            do {
                return try state.journal(Self.key)
            } catch let error as ClientError where error.code == .busy && ContinuousClock.now < end {
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    /// Runs `body` with an empty state directory and a file.
    private func withState(_ body: (StateDirectory, FilePath) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        let state = try StateDirectory(FilePath(url.path))
        let file = url.appending(path: "f")
        try Data("content".utf8).write(to: file)
        try body(state, FilePath(file.path))
    }

    @Test("the journal of a file that was moved gets the name for its new path, and an unreadable one is ignored")
    func moved() throws {
        try withState { state, file in
            let head = try Self.head(file)
            let former = try state.journal(Self.key)
            try former.begin(head, isDurable: false)
            for number in 1...3 { try former.append(JournalPart(number: number, etag: "e\(number)", crc64: "")) }
            try former.close()
            // Even root cannot read a directory as a journal.
            let unreadable = state.path.appending("uploads").appending("other.journal")
            try FileManager.default.createDirectory(atPath: unreadable.string, withIntermediateDirectories: false)

            var key = Self.key
            let journals = try EarlierJournals(in: state, of: key)
            #expect(journals.head(of: head.identity, elsewhereThan: key) == nil)
            key = JournalKey(
                endpoint: key.endpoint,
                destination: key.destination,
                source: "/moved/f",
                remotePath: key.remotePath
            )
            #expect(journals.contains(key) && journals.head(of: head.identity, elsewhereThan: key) == head)
            try journals.move(to: key, of: head.identity, in: state)
            let moved = try state.journal(key)
            #expect(moved.head?.source == "/moved/f" && moved.head?.upload == "u")
            #expect(moved.parts.values.map(\.etag).sorted() == ["e1", "e2", "e3"])
            try moved.close()
            #expect(try state.journalNames() == [key.fileName, "other.journal"])

            // The journal has already been moved, so nothing changes.
            try journals.move(to: key, of: head.identity, in: state)
            #expect(try state.head(key)?.upload == "u")
        }
    }

    @Test(
        "a file counts as unchanged if only its device or inode number changed, as after a reboot"
    )
    func identity() throws {
        try withState { state, file in
            let now = try Self.head(file).identity
            var facts = now.facts
            facts.device += 1
            #expect(now.isSame(as: FileIdentity(facts: facts, sample: now.sample)))
            #expect(!now.isSame(as: FileIdentity(facts: facts, sample: "other")))
            for change: WritableKeyPath<FileFacts, Int64> in [\.size, \.modified] {
                var other = facts
                other[keyPath: change] += 1
                #expect(!now.isSame(as: FileIdentity(facts: other, sample: now.sample)))
            }
            facts.inode += 1
            #expect(now.isSame(as: FileIdentity(facts: facts, sample: now.sample)))
        }
    }

    @Test("a line that was appended after a truncated line is read")
    func truncated() throws {
        try withState { state, file in
            let journal = try state.journal(Self.key)
            try journal.begin(try Self.head(file), isDurable: false)
            try journal.append(JournalPart(number: 1, etag: "a", crc64: ""))
            try journal.append(JournalPart(number: 2, etag: "b", crc64: ""))
            try journal.close()
            let path = state.path.appending("uploads").appending(Self.key.fileName)
            let data = try Data(contentsOf: URL(filePath: path.string))
            try data.dropLast(5).write(to: URL(filePath: path.string))
            let again = try reopen(state)
            #expect(Set(again.parts.keys) == [1])
            try again.append(JournalPart(number: 3, etag: "c", crc64: ""))
            try again.close()
            let last = try reopen(state)
            #expect(Set(last.parts.keys) == [1, 3])
            try last.close()
        }
    }

    @Test("a journal that is deleted while the directory is read is not an error")
    func vanishing() throws {
        try withState { state, file in
            let path = state.path.appending("uploads").appending("gone.journal")
            // A dangling link exists in the directory, but cannot be opened.
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: "nowhere")
            #expect(try state.heads().isEmpty)
        }
    }

    @Test("a reopened journal contains all lines before a truncated line")
    func reopening() throws {
        try withState { state, file in
            let head = try Self.head(file)
            let parts = (1...3).map { JournalPart(number: $0, etag: "e\($0)", crc64: "c\($0)") }
            let journal = try state.journal(Self.key)
            #expect(journal.head == nil)
            try journal.begin(head, isDurable: true)
            for part in parts { try journal.append(part) }
            try journal.close()

            let again = try reopen(state)
            #expect(again.head == head)
            #expect(again.parts == Dictionary(uniqueKeysWithValues: parts.map { ($0.number, $0) }))
            try again.close()

            let path = FilePath(state.path.string).appending("uploads").appending(Self.key.fileName)
            let data = try Data(contentsOf: URL(filePath: path.string))
            for count in 0..<data.count {
                let cut = Journal<JournalHead>.parse(data.prefix(count))
                #expect(cut.head == nil || cut.head == head)
                #expect(cut.parts.allSatisfy { parts.contains($0.value) })
            }
        }
    }

    @Test("only one process at a time can open a journal, and a removed journal is empty when it is opened again")
    func locking() throws {
        try withState { state, file in
            let journal = try state.journal(Self.key)
            let error = #expect(throws: ClientError.self) { try state.journal(Self.key) }
            #expect(error?.code == .busy)
            try journal.begin(try Self.head(file), isDurable: false)
            try journal.remove()
            let next = try reopen(state)
            #expect(next.head == nil)
            try next.close()
        }
    }

    @Test("each file, destination and name has a separate journal")
    func keys() {
        var names = [Self.key.fileName]
        for destination in [UploadDestination.project("a/c"), .folder("a/b")] {
            names.append(
                JournalKey(endpoint: "https://host/v2", destination: destination, source: "/data/f", remotePath: "f")
                    .fileName
            )
        }
        for (source, name) in [("/data/g", "f"), ("/data/f", "g")] {
            names.append(
                JournalKey(
                    endpoint: "https://host/v2",
                    destination: .project("a/b"),
                    source: source,
                    remotePath: name
                ).fileName
            )
        }
        #expect(Set(names).count == 5)
    }

    @Test("the sample checksum changes with the bytes, even if size and time stay the same")
    func sample() throws {
        try withState { _, path in
            let url = URL(filePath: path.string)
            for size in [0, 1, 300_000, 2_000_000] {
                try Data(repeating: 1, count: size).write(to: url)
                let first = try SourceFile(path)
                let sample = try first.sample()
                #expect(try first.sample() == sample)
                try first.close()
                guard size > 0 else { continue }
                var data = Data(repeating: 1, count: size)
                data[size - 1] = 2
                try data.write(to: url)
                let second = try SourceFile(path)
                #expect(try second.sample() != sample)
                try second.close()
            }
        }
    }

    @Test("the record of a finished file is valid until the file changes")
    func finished() throws {
        try withState { state, path in
            let head = try Self.head(path)
            let record = FinishedRecord(
                source: Self.key.source,
                remotePath: "f",
                identity: head.identity,
                file: "id",
                crc64: "c",
                verification: "file",
                ended: Date(timeIntervalSince1970: 1_000_000)
            )
            let log = try state.finishedLog(Self.key)
            #expect(log.isEmpty)
            try log.add([record])
            try log.close()
            let again = try state.finishedLog(Self.key)
            #expect(try again.record(source: "/data/f", remotePath: "f", facts: head.identity.facts) == record)
            #expect(try again.record(source: "/data/f", remotePath: "g", facts: head.identity.facts) == nil)
            var changed = head.identity.facts
            // If only the inode number differs, the content is compared, which fails because the file does not exist.
            changed.inode += 1
            #expect(try again.record(source: "/data/f", remotePath: "f", facts: changed) == nil)
            changed.modified += 1
            #expect(try again.record(source: "/data/f", remotePath: "f", facts: changed) == nil)
            try again.close()
        }
    }

    private static func record(_ number: Int, round: Int, _ identity: FileIdentity) -> FinishedRecord {
        FinishedRecord(
            source: "/data/\(number)",
            remotePath: "\(number)",
            identity: identity,
            file: "id-\(number)-\(round)",
            crc64: "0123456789abcdef",
            verification: "file",
            ended: Date(timeIntervalSince1970: 1_000_000)
        )
    }

    @Test("the log of finished files is rewritten when most of its lines are outdated, and keeps the last of each file")
    func finishedLog() throws {
        try withState { state, file in
            let identity = try Self.head(file).identity
            let path = state.path.appending("finished").appending(Self.key.placeFileName)
            func size() throws -> Int64 { try FileStatus(path).size }
            var log = try state.finishedLog(Self.key)
            #expect(log.isEmpty)
            for round in 0..<3 { for number in 0..<600 { try log.add([Self.record(number, round: round, identity)]) } }
            // A crash left an incomplete line.
            let writer = try FileDescriptor.open(path, .writeOnly, options: [.append])
            try writer.closeAfter { _ = try writer.writeAll(Array("{\"source\":\"/data/0".utf8)) }
            try log.close()
            let before = try size()
            for _ in 0..<2 {
                log = try state.finishedLog(Self.key)
                let after = try size()
                #expect(after < before / 2)
                for number in [0, 1, 599] {
                    let name = "\(number)"
                    let found = try log.record(source: "/data/\(name)", remotePath: name, facts: identity.facts)
                    #expect(found == Self.record(number, round: 2, identity))
                    let other = try log.record(source: "/data/\(name)", remotePath: "other", facts: identity.facts)
                    #expect(other == nil)
                }
                try log.add([Self.record(1000, round: 0, identity)])
                try log.close()
            }
            log = try state.finishedLog(Self.key)
            let added = try log.record(source: "/data/1000", remotePath: "1000", facts: identity.facts)
            #expect(added != nil)
            try log.close()
        }
    }

    @Test("advice for a changed file mentions --allow-changing for uploads only")
    func changeAdvice() throws {
        try withState { _, path in
            for isUploaded in [true, false] {
                let file = try SourceFile(path, isUploaded: isUploaded)
                defer { file.closeAfterReading() }
                #expect(file.changed("it was modified").description.contains("--allow-changing") == isUploaded)
            }
        }
    }
}

import Foundation
import PontoonCore

extension CopyMoveContract {
    static func moveKeepsTheFile(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var file = try await fixture.addFile("a.bam", to: store, tags: ["t"], metadata: ["k": "v"])
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let later = MetadataFixture.time.addingTimeInterval(60)
        (file.parent, file.modifiedOn) = (folder.id, later)
        let moved = try await store.moveFile(file.id, to: folder.id, name: nil, now: later)
        try expect(moved, equals: file, "only the folder changes")
        try expect(try await store.file(file.id), equals: file, "the moved file is stored")
        try expect(try await store.file(named: "a.bam", in: fixture.root), equals: nil, "the old name is free")
        (file.parent, file.name) = (fixture.root, "b.bam")
        let renamed = try await store.moveFile(file.id, to: fixture.root, name: "b.bam", now: later)
        try expect(renamed, equals: file, "moved back to the root with another name")
        let same = try await store.moveFile(file.id, to: fixture.root, name: "b.bam", now: later)
        try expect(same, equals: file, "a file's own name does not count as taken")
        let unknown = try await store.moveFile("nope", to: folder.id, name: nil, now: later)
        try expect(unknown, equals: nil, "moving an unknown file")
    }

    static func movedFolderKeepsItsContents(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (outer, inner, target) = (fixture.folder("outer"), fixture.folder("inner"), fixture.folder("target"))
        for folder in [outer, inner, target] { try await store.addFolder(folder) }
        let file = try await fixture.addFile("a.bam", in: inner.id, to: store)
        let now = MetadataFixture.time
        for (id, parent) in [(inner.id, outer.id), (outer.id, target.id)] {
            try expect(try await store.moveFile(id, to: parent, name: nil, now: now)?.parent, equals: parent, "moved")
        }
        try expect(try await store.file(file.id), equals: file, "the contents of the moved folder are unchanged")
        try expect(try await store.file(named: "a.bam", in: inner.id)?.id, equals: file.id, "its contents are found")
    }

    static func moveToATakenNameIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let file = try await fixture.addFile("a.bam", to: store)
        try await fixture.addFile("a.bam", in: folder.id, to: store)
        try await store.addFolder(fixture.folder("deep", in: folder.id))
        for name in [nil, "a.bam", "deep"] {
            try await expectRefusal(.fileExists) {
                try await store.moveFile(file.id, to: folder.id, name: name, now: MetadataFixture.time)
            }
        }
        try expect(try await store.file(file.id), equals: file, "nothing was changed")
    }

    static func moveNeedsItsFolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        let noFolder = try await fixture.addFile("b.bam", to: store)
        let other = try await MetadataFixture(in: store, user: "bob")
        for parent in ["nope", noFolder.id, other.root] {
            try await expectRefusal(.destinationNotFound) {
                try await store.moveFile(file.id, to: parent, name: nil, now: MetadataFixture.time)
            }
        }
        try expect(try await store.file(file.id), equals: file, "nothing was changed")
    }

    static func folderIsNotMovedIntoItself(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let top = fixture.folder("top")
        try await store.addFolder(top)
        var chain = [top]
        for depth in 1...5 {
            let folder = fixture.folder("\(depth)", in: chain[depth - 1].id)
            try await store.addFolder(folder)
            chain.append(folder)
        }
        for folder in chain {
            try await expectRefusal(.folderCycle) {
                try await store.moveFile(top.id, to: folder.id, name: "other", now: MetadataFixture.time)
            }
        }
        try expect(try await store.file(top.id), equals: top, "nothing was changed")
        let up = try await store.moveFile(chain[5].id, to: top.id, name: nil, now: MetadataFixture.time)
        try expect(up?.parent, equals: top.id, "a folder can be moved upwards")
    }

    static func concurrentMovesCreateNoCycle(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for round in 0..<8 {
            let folders = (0..<4).map { fixture.folder("\(round)-\($0)") }
            for folder in folders { try await store.addFolder(folder) }
            _ = try await concurrently(folders.count) { index in
                let next = folders[(index + 1) % folders.count]
                do {
                    _ = try await store.moveFile(folders[index].id, to: next.id, name: nil, now: MetadataFixture.time)
                } catch let error as PontoonError where error.code == .folderCycle {
                    // At least one of the moves must be refused, because together they would form a cycle.
                }
            }
            for folder in folders {
                var place = try await store.file(folder.id)?.parent
                for _ in folders where place != fixture.root {
                    place = try await store.file(place ?? "")?.parent
                }
                try expect(place, equals: fixture.root, "every folder is still reachable from the root")
            }
        }
    }

    static func rootIsNotMoved(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let moved = try await store.moveFile(fixture.root, to: folder.id, name: "x", now: MetadataFixture.time)
        try expect(moved, equals: nil, "a root folder cannot be moved")
    }
}

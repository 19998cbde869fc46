import PontoonCore
import PontoonMetadata
import Testing

/// Deletion or move of the destination after a completion has finished the object and before it commits the file.
@Suite(.timeLimit(.minutes(10)))
struct DeletionDuringCompleteTests {
    @Test("a completion whose folder is deleted meanwhile fails with 5026 and leaves no files or rows")
    func folder() async throws {
        try await withUseCases { harness in
            let folder = try await harness.files.createFolder(
                "sub",
                in: .project(harness.project),
                caller: harness.user
            )
            let id = try await harness.upload(to: .folder(id: folder.id)) {
                try await harness.files.delete(folder.id, caller: harness.user)
            }
            try await harness.expectEnd(of: id, .destinationNotFound)
        }
    }

    @Test("a completion whose project is deleted meanwhile fails with 3002 and leaves no files or rows")
    func project() async throws {
        try await withUseCases { harness in
            let id = try await harness.upload(to: .project(harness.project)) {
                try await harness.projects.delete(harness.project, caller: harness.user)
            }
            try await harness.expectEnd(of: id, .projectNotFound)
        }
    }

    @Test("a folder that is moved during a completion contains the file")
    func moved() async throws {
        try await withUseCases { harness in
            let outer = try await harness.files.createFolder(
                "outer",
                in: .project(harness.project),
                caller: harness.user
            )
            let inner = try await harness.files.createFolder(
                "inner",
                in: .project(harness.project),
                caller: harness.user
            )
            let id = try await harness.upload(to: .folder(id: inner.id)) {
                _ = try await harness.files.move(inner.id, to: outer.id, name: nil, caller: harness.user)
            }
            let file = try await harness.uploads.complete(id, reports: [], caller: harness.user)
            #expect(file.parent == inner.id)
            #expect(try await harness.metadata.file(inner.id)?.parent == outer.id)
            #expect(try harness.leftOnDisk().count == 1)
        }
    }
}

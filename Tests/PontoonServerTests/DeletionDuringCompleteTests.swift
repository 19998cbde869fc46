import PontoonCore
import PontoonMetadata
import Testing

/// The place of an upload goes at the one moment when its bytes have already become a file.
struct DeletionDuringCompleteTests {
    @Test("a folder that goes while complete is at work: 5026, and nothing is left")
    func folder() async throws {
        try await withScene { scene in
            let folder = try await scene.files.createFolder("sub", in: .project(scene.project), caller: scene.user)
            let id = try await scene.upload(to: .folder(id: folder.id)) {
                try await scene.files.delete(folder.id, caller: scene.user)
            }
            try await scene.expectEnd(of: id, .destinationNotFound)
        }
    }

    @Test("a project that goes while complete is at work: 3002, and nothing is left")
    func project() async throws {
        try await withScene { scene in
            let id = try await scene.upload(to: .project(scene.project)) {
                try await scene.projects.delete(scene.project, caller: scene.user)
            }
            try await scene.expectEnd(of: id, .projectNotFound)
        }
    }

    @Test("a folder that is moved while complete is at work takes the file along")
    func moved() async throws {
        try await withScene { scene in
            let outer = try await scene.files.createFolder("outer", in: .project(scene.project), caller: scene.user)
            let inner = try await scene.files.createFolder("inner", in: .project(scene.project), caller: scene.user)
            let id = try await scene.upload(to: .folder(id: inner.id)) {
                _ = try await scene.files.move(inner.id, to: outer.id, name: nil, caller: scene.user)
            }
            let file = try await scene.uploads.complete(id, reports: [], caller: scene.user)
            #expect(file.parent == inner.id)
            #expect(try await scene.metadata.file(inner.id)?.parent == outer.id)
            #expect(try scene.leftOnDisk().count == 1)
        }
    }
}

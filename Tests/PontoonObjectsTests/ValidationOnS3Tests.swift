import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

/// Objects in a bucket while their files are validated, which can take longer than the minimum age of orphans.
@Suite("Validation of files in the S3 store", .timeLimit(.minutes(10)))
struct ValidationOnS3Tests {
    @Test("an empty object that is removed as an orphan during its validation is created again", arguments: [0, 1])
    func emptyObject(parts: Int) async throws {
        // Makes every upload and object older than the minimum age of orphans.
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            try await withS3Server(harness) { unvalidated in
                let server = unvalidated.validating(with: SweepingValidator(unvalidated))
                let upload = try await server.begin(size: 0)
                try await server.send(Array(repeating: ByteBuffer(), count: parts), of: upload)
                let file = try await server.complete(upload)
                #expect(file.content?.size == 0)
                #expect(try await server.content(file) == ByteBuffer())
                #expect(try await server.complete(upload).id == file.id)
                // The object now has a record, so maintenance keeps it.
                try await server.store.recover(comparingWith: server.metadata)
                #expect(try await server.content(file) == ByteBuffer())
                try await server.expectObjectsOfFiles()
                #expect(try await openUploads(harness).isEmpty)
            }
        }
    }

    @Test("after a validation without a verdict, the complete call can be repeated, even after maintenance")
    func fullObject() async throws {
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            try await withS3Server(harness) { unvalidated in
                let server = unvalidated.validating(with: FailingValidator())
                let bytes = ByteBuffer(string: "abc")
                let upload = try await server.begin(size: 3)
                try await server.send([bytes], of: upload)
                try await expectRefusal(.unavailable) { try await server.complete(upload) }
                #expect(try await server.files().isEmpty)
                try await server.store.recover(comparingWith: server.metadata)
                let file = try await unvalidated.complete(upload)
                #expect(try await server.content(file) == bytes)
                try await server.expectObjectsOfFiles()
            }
        }
    }
}

extension S3Server {
    /// Returns a server on the same stores that validates files.
    fileprivate func validating(with validator: any FileValidator) -> S3Server {
        S3Server(
            harness: harness,
            metadata: metadata,
            uploads: Uploads(
                metadata: metadata,
                storage: .presigned(store),
                sizing: PartSizing(minimumPartSize: 1),
                validator: validator
            ),
            fixture: fixture
        )
    }
}

/// A validator that accepts each file after maintenance has removed the file's object, to which no record refers yet.
private struct SweepingValidator: FileValidator {
    let store: S3ObjectStore
    let metadata: SQLMetadataStore

    init(_ server: S3Server) { (store, metadata) = (server.store, server.metadata) }

    func validate(_ file: UnvalidatedFile) async throws {
        try await store.recover(comparingWith: metadata)
        let size = try await store.storedSize(file.content.key)
        try expect(size, equals: nil, "the size of the object that maintenance was to remove")
    }
}

/// A validator that fails without a verdict.
private struct FailingValidator: FileValidator {
    func validate(_ file: UnvalidatedFile) async throws {
        throw PontoonError(.unavailable, "The file could not be validated.")
    }
}

import Foundation
import NIOCore
import PontoonCore
import PontoonObjects
import PontoonTesting
import SystemPackage

/// Runs a closure with a disk store in a temporary folder, which is removed afterwards.
func withDiskStore(
    durability: DiskSettings.Durability = .power,
    directIO: DiskSettings.DirectIO = .auto,
    _ body: (DiskObjectStore, FilePath) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let settings = DiskSettings(
            folder: folder,
            durability: durability,
            reservedSpace: 0,
            threads: 4,
            directIO: directIO
        )
        try await withClosing(try DiskObjectStore(settings), close: { try await $0.shutDown() }) {
            try await body($0, folder)
        }
    }
}

extension Upload {
    /// Creates an upload to a folder that does not exist.
    static func test(_ key: ObjectKey = .random(), size: Int64? = nil, partSize: Int64) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: "u",
            destination: .folder(id: "f", project: ProjectID(owner: "u", shortName: "p"), wasGivenByFolder: false),
            name: "n",
            size: size,
            partSize: partSize,
            md5: nil,
            rule: .fail,
            key: key,
            initiatedOn: Date()
        )
    }
}

extension DiskObjectStore {
    /// Stores a part that arrives in chunks of this size.
    func put(
        _ bytes: ArraySlice<UInt8>,
        as number: Int,
        of upload: Upload,
        chunkSize: Int
    ) async throws -> PartRecord {
        let number = try PartNumber(number)
        let writer = try await openPart(
            number,
            of: upload,
            length: Int64(bytes.count),
            expecting: ExpectedChecksums()
        )
        var rest = bytes
        while !rest.isEmpty {
            try await writer.write(ByteBuffer(bytes: rest.prefix(chunkSize)))
            rest = rest.dropFirst(chunkSize)
        }
        let digest = try await writer.commit(last: nil) { $0 }
        return PartRecord(
            number: number,
            size: digest.size,
            etag: digest.crc64.hex,
            crc64: digest.crc64,
            location: writer.location,
            storedOn: Date()
        )
    }
}

import Foundation
import PontoonObjects
import SystemPackage

/// The description of a backup, stored in its file `manifest.json`.
struct BackupManifest: Codable, Hashable {
    /// Version of the directory layout.
    var format = 1
    /// The service's identity, as recorded in its database.
    let service: String
    /// Time at which the last backup was completed; `nil` until the first backup is complete.
    var createdOn: Date?
    /// Location of the service's objects: `disk`, or `s3://BUCKET/PREFIX`.
    ///
    /// Objects in a bucket are not part of the backup.
    let objects: String
    /// Number of objects in the backup; `nil` if they are in a bucket, or until the first backup is complete.
    var objectCount: Int?
    /// Total length in bytes of the objects in the backup; `nil` if ``objectCount`` is `nil`.
    var objectBytes: Int64?

    enum CodingKeys: String, CodingKey {
        case format, service, objects
        case createdOn = "created_on"
        case objectCount = "object_count"
        case objectBytes = "object_bytes"
    }

    static let name = "manifest.json"
    private static let currentFormat = 1
    private static let maximumSize = 64 << 10

    var hasObjects: Bool { objects == "disk" }

    /// Reads the manifest of a directory.
    ///
    /// - Parameters:
    ///   - directory: The directory.
    ///   - path: The path of the directory, for error messages.
    /// - Returns: The manifest; `nil` if the directory contains none.
    /// - Throws: ``SettingError`` if the file is not a manifest, or was written by a newer version; `Errno` if it
    ///   cannot be read.
    static func read(from directory: DirectoryHandle, at path: String) throws -> BackupManifest? {
        guard try directory.status(name) != nil else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        var bytes: [UInt8] = []
        do { bytes = try directory.read(name, limit: maximumSize) } catch Errno.fileTooLarge {}
        guard let manifest = try? decoder.decode(BackupManifest.self, from: Data(bytes)) else {
            throw SettingError(
                "the file '\(name)' in '\(path)' is not a backup manifest; choose the directory of a backup"
            )
        }
        guard manifest.format == currentFormat else {
            throw SettingError("the backup in '\(path)' was created by a newer version of Pontoon; use that version")
        }
        return manifest
    }

    /// Writes the manifest atomically and durably, replacing an existing one.
    func write(to directory: DirectoryHandle) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try directory.write(try encoder.encode(self) + Data("\n".utf8), to: Self.name)
    }
}

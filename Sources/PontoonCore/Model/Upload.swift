package import Foundation

/// One multipart upload, from initialize to complete or abort.
package struct Upload: Hashable, Sendable {
    /// The state of an upload.
    ///
    /// Aborted and expired uploads are no longer stored.
    package enum State: String, Sendable {
        case active, completing, completed
    }

    /// The result of completing the upload.
    package enum Destination: Hashable, Sendable {
        /// A file in a folder of a project; `wasGivenByFolder` if the client named the folder rather than the project.
        case folder(id: String, project: ProjectID, wasGivenByFolder: Bool)
        /// A code package's file.
        case automation(id: String)
    }

    /// The set of endpoints through which an upload is visible, determined by its destination.
    package enum Namespace: Sendable {
        case files, codePackages
    }

    /// 64 letters and digits.
    package let id: String
    /// User name of the initiator.
    package let userName: String
    package let destination: Destination
    /// Name of the future file.
    package let name: String
    /// Declared length in bytes; `nil` if the client did not declare one.
    package let size: Int64?
    /// Bytes per part, as sent to the client; the disk store writes part `n` at offset `(n - 1) * partSize`.
    package let partSize: Int64
    /// Declared MD5 of the file, 32 lower-case hex digits.
    package let md5: String?
    /// Whether completing the upload replaces an existing file of the same name.
    package let overwrite: Bool
    /// Key of the future object; the object store collects the parts under it.
    package let key: ObjectKey
    /// Identifies the upload in the object store; `nil` if the key is sufficient.
    package let handle: UploadHandle?
    package let initiatedOn: Date
    package let state: State
    /// Id of the file created from the upload; `nil` before the upload is completed.
    package let fileID: String?
    /// The time from which another server may take over the completion; `nil` unless the upload is `.completing`.
    package let leaseExpiresOn: Date?

    package init(
        id: String,
        userName: String,
        destination: Destination,
        name: String,
        size: Int64?,
        partSize: Int64,
        md5: String?,
        overwrite: Bool,
        key: ObjectKey,
        handle: UploadHandle? = nil,
        initiatedOn: Date,
        state: State = .active,
        fileID: String? = nil,
        leaseExpiresOn: Date? = nil
    ) {
        self.id = id
        self.userName = userName
        self.destination = destination
        self.name = name
        self.size = size
        self.partSize = partSize
        self.md5 = md5
        self.overwrite = overwrite
        self.key = key
        self.handle = handle
        self.initiatedOn = initiatedOn
        self.state = state
        self.fileID = fileID
        self.leaseExpiresOn = leaseExpiresOn
    }

    package var object: ObjectReference { ObjectReference(key: key, handle: handle) }

    package var namespace: Namespace {
        switch destination {
        case .folder: .files
        case .automation: .codePackages
        }
    }
}

/// A part that counts as stored: its bytes are durable, or a presigned store has acknowledged them to the client.
package struct PartRecord: Hashable, Sendable {
    package let number: PartNumber
    /// Length in bytes, 0 or more; need not be the upload's part size.
    ///
    /// `nil` for a part in a presigned store, which alone knows the length.
    package let size: Int64?
    /// The tag that was sent to the client, without quotes.
    package let etag: String
    /// CRC-64/NVME of the bytes; `nil` if they did not pass through this server.
    package let crc64: CRC64NVME?
    package let location: PartLocation
    /// Time at which the record was created.
    package let storedOn: Date
    /// Whether the client has reported the part.
    package let isReported: Bool

    package init(
        number: PartNumber,
        size: Int64?,
        etag: String,
        crc64: CRC64NVME?,
        location: PartLocation,
        storedOn: Date,
        isReported: Bool = false
    ) {
        self.number = number
        self.size = size
        self.etag = etag
        self.crc64 = crc64
        self.location = location
        self.storedOn = storedOn
        self.isReported = isReported
    }
}

/// The location of a part's bytes in an object store.
package enum PartLocation: Hashable, Sendable {
    /// In the upload's own file, at the part's offset.
    case inPlace
    /// In a separate file, because it did not fit in place or another writer was writing in place.
    case detached(name: String)
    /// In a ``PresignedObjectStore``; the record was created from the client's report.
    case remote
}

/// The text in the metadata store. It is part of the stored data, so it does not change when a case is renamed.
extension PartLocation: RawRepresentable {
    package init(rawValue: String) {
        self =
            switch rawValue {
            case "slot": .inPlace
            case "direct": .remote
            default: .detached(name: rawValue)
            }
    }

    package var rawValue: String {
        switch self {
        case .inPlace: "slot"
        case .detached(let name): name
        case .remote: "direct"
        }
    }
}

/// A client's statement that a part is stored.
package struct PartReport: Hashable, Sendable {
    package let number: PartNumber
    /// The tag that was sent to the client, without quotes; compared case-insensitively.
    package let etag: String

    /// Removes one pair of quotes around the tag.
    package init(number: PartNumber, etag: String) {
        self.number = number
        self.etag = ETag.unquoted(etag)
    }
}

/// An upload with the totals of its parts, as lists show it.
package struct UploadSummary: Hashable, Sendable {
    package let upload: Upload
    package let reportedParts: Int
    /// `nil` if only the object store knows.
    package let storedParts: Int?
    /// `nil` if only the object store knows.
    package let storedBytes: Int64?

    package init(upload: Upload, reportedParts: Int, storedParts: Int?, storedBytes: Int64?) {
        self.upload = upload
        self.reportedParts = reportedParts
        self.storedParts = storedParts
        self.storedBytes = storedBytes
    }
}

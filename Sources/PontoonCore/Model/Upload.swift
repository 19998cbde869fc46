package import PontoonFoundation

/// One multipart upload, unfinished or completed.
package struct Upload: Hashable, Sendable {
    /// The stage of an upload's life cycle.
    ///
    /// Aborted and expired uploads have no state, because their records are deleted.
    package enum State: String, Sendable {
        case active, completing, completed
    }

    /// The project folder or automation in which the upload creates its file.
    package enum Destination: Hashable, Sendable {
        /// A folder of a project. `wasGivenByFolder` is true if the client named the folder, and false if it named only
        /// the project.
        case folder(id: String, project: ProjectID, wasGivenByFolder: Bool)
        /// An automation. The file becomes a ``PackageFile``.
        case automation(id: String)
    }

    /// The set of endpoints through which an upload is visible, determined by its destination.
    package enum Namespace: Sendable {
        case files, codePackages
    }

    /// Random id: 64 letters and digits.
    package let id: String
    /// User name of the initiator.
    package let userName: String
    package let destination: Destination
    /// Requested name of the file; with ``NameConflictRule/rename``, the file may get another name.
    package let name: String
    /// Declared length of the file in bytes; `nil` if the client did not declare one.
    package let size: Int64?
    /// Part size in bytes, as returned to the client.
    ///
    /// In-place part `n` starts at offset `(n - 1) * partSize`.
    package let partSize: Int64
    /// Declared MD5 of the file, 32 lower-case hex digits; `nil` if the client did not declare one.
    package let md5: String?
    /// The rule that applies when the upload is completed, if the folder already has an entry with the file's name.
    package let rule: NameConflictRule
    /// Id of the sender's session in which the upload was started; `nil` if a user started it.
    package let senderSession: String?
    /// Key of the upload in the object store.
    ///
    /// The parts are stored under this key, and so is the finished object, except an empty object in a presigned store.
    /// If the upload has to be restarted, it gets a new key; see ``UploadStore/restartUpload(_:leaseID:as:)``.
    package let key: ObjectKey
    /// Data with which the object store finds the unfinished upload; `nil` if the key is sufficient.
    package let handle: UploadHandle?
    package let initiatedOn: Date
    package let state: State
    /// Id of the resulting file; `nil` before the upload is completed.
    ///
    /// With ``NameConflictRule/skip``, this can be an existing file. The file may have been deleted since.
    package let fileID: String?
    /// Time from which another server may take over the completion; `nil` unless the upload is `.completing`.
    package let leaseExpiresOn: Date?

    package init(
        id: String,
        userName: String,
        destination: Destination,
        name: String,
        size: Int64?,
        partSize: Int64,
        md5: String?,
        rule: NameConflictRule,
        senderSession: String? = nil,
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
        self.rule = rule
        self.senderSession = senderSession
        self.key = key
        self.handle = handle
        self.initiatedOn = initiatedOn
        self.state = state
        self.fileID = fileID
        self.leaseExpiresOn = leaseExpiresOn
    }

    /// Whether completing the upload replaces an existing file of the same name.
    package var overwrite: Bool { rule == .overwrite }

    package var object: ObjectReference { ObjectReference(key: key, handle: handle) }

    package var namespace: Namespace {
        switch destination {
        case .folder: .files
        case .automation: .codePackages
        }
    }
}

/// The record of a part that was stored or, with a presigned store, reported.
///
/// With a streaming store, the part's bytes are durable. With a presigned store, the record contains only what the
/// client reported, which is verified when the upload is completed.
package struct PartRecord: Hashable, Sendable {
    package let number: PartNumber
    /// Length in bytes, 0 or more; may differ from the upload's part size.
    ///
    /// `nil` for a part in a presigned store, because only the bucket knows its length.
    package let size: Int64?
    /// The ETag that the client received or, with a presigned store, reported; without quotes.
    package let etag: String
    /// CRC-64/NVME of the bytes; `nil` for a part in a presigned store.
    package let crc64: CRC64NVME?
    package let location: PartLocation
    /// Time at which the part was stored or, with a presigned store, reported with a new ETag.
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
    /// In the upload's file, in the part's in-place region.
    case inPlace
    /// In a separate file, because the part does not fit its in-place region, its length was not known in advance, or
    /// another writer was using the region.
    case detached(name: String)
    /// In a ``PresignedObjectStore``; the record was created from the client's report.
    case remote
}

/// The text that represents a location in databases. It must not change, even if a case is renamed.
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

/// A client's statement that it sent a part, with the ETag that it received.
package struct PartReport: Hashable, Sendable {
    package let number: PartNumber
    /// The ETag that the client received, without quotes; compared case-insensitively with the ETag of the stored part.
    package let etag: String

    /// Creates a report; removes one pair of quotes around the ETag, if present.
    package init(number: PartNumber, etag: String) {
        self.number = number
        self.etag = ETag.unquoted(etag)
    }
}

/// An upload with the totals of its parts.
///
/// With a presigned store, only the bucket knows the stored parts. The metadata store then counts the reported parts,
/// with 0 bytes, and the API omits the totals of stored parts.
package struct UploadSummary: Hashable, Sendable {
    package let upload: Upload
    package let reportedParts: Int
    /// Number of stored parts, reported or not; `nil` if it is not known.
    package let storedParts: Int?
    /// Total length of the stored parts in bytes; `nil` if it is not known.
    package let storedBytes: Int64?
    /// Labels that the file will have; empty in a list, and once the upload is completed.
    package let labels: FileLabels

    package init(
        upload: Upload,
        reportedParts: Int,
        storedParts: Int?,
        storedBytes: Int64?,
        labels: FileLabels = FileLabels()
    ) {
        self.upload = upload
        self.reportedParts = reportedParts
        self.storedParts = storedParts
        self.storedBytes = storedBytes
        self.labels = labels
    }
}

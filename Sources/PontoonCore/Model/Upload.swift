package import Foundation

/// One multipart upload, from initialize to complete or abort.
package struct Upload: Hashable, Sendable {
    /// Where an upload is in its life; aborted and expired uploads are no longer stored.
    package enum State: String, Sendable {
        case active, completing, completed
    }

    /// What the bytes become.
    package enum Destination: Hashable, Sendable {
        /// A file in a folder of a project; it `wasGivenByFolder` when the client named the folder rather than the project.
        case folder(id: String, project: ProjectID, wasGivenByFolder: Bool)
        /// A code package's file.
        case automation(id: String)
    }

    /// 64 letters and digits.
    package let id: String
    /// User name of the initiator.
    package let userName: String
    /// What the bytes become.
    package let destination: Destination
    /// Name of the file to be.
    package let name: String
    /// Declared length in bytes; `nil` when the client did not say.
    package let size: Int64?
    /// Bytes per part as answered to the client; fixes the slots of the disk store.
    package let partSize: Int64
    /// Declared MD5 of the file, 32 lower-case hex digits.
    package let md5: String?
    /// Whether a file of the same name is replaced at complete.
    package let overwrite: Bool
    /// Where the object store gathers the bytes.
    package let key: ObjectKey
    /// How the object store finds it again; `nil` when the key is enough.
    package let handle: UploadHandle?
    /// When it was initialized.
    package let initiatedOn: Date
    /// Where it is in its life.
    package let state: State
    /// Id of the file that complete made; `nil` before.
    package let fileID: String?
    /// From when on another server may take over a completion that was begun; `nil` in other states.
    package let leaseExpiresOn: Date?

    /// Joins the fields.
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

    /// What it holds in the object store.
    package var object: ObjectReference { ObjectReference(key: key, handle: handle) }

    /// Whether it is a code package rather than a file of a project.
    package var isPackage: Bool {
        switch destination {
        case .folder: false
        case .automation: true
        }
    }
}

/// A part whose bytes are stored and vouched for.
package struct PartRecord: Hashable, Sendable {
    /// Its number.
    package let number: PartNumber
    /// Length in bytes, 0 or more; need not be the upload's part size.
    ///
    /// 0 in a record that was made from a report alone, as
    /// only the store knows it then.
    package let size: Int64
    /// The tag that the client was given, without quotes.
    package let etag: String
    /// CRC-64/NVME of the bytes; `nil` when the store could not tell.
    package let crc64: CRC64NVME?
    /// The object store's own note of where the bytes lie.
    package let place: PartLocation
    /// When the record was made.
    package let storedOn: Date
    /// Whether the client has reported it.
    package let isReported: Bool

    /// Joins the fields.
    package init(
        number: PartNumber,
        size: Int64,
        etag: String,
        crc64: CRC64NVME?,
        place: PartLocation,
        storedOn: Date,
        isReported: Bool = false
    ) {
        self.number = number
        self.size = size
        self.etag = etag
        self.crc64 = crc64
        self.place = place
        self.storedOn = storedOn
        self.isReported = isReported
    }
}

/// Where an object store keeps a part's bytes; only that store knows what it means.
package struct PartLocation: Hashable, Sendable {
    /// At the part's slot in the upload's own file.
    package static let slot = PartLocation(rawValue: "slot")
    /// In a ``PresignedObjectStore``; the record was made from the client's report.
    package static let direct = PartLocation(rawValue: "direct")
    /// The note.
    package let rawValue: String

    /// Takes a note.
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// What a client says about a part that it sent.
package struct PartReport: Hashable, Sendable {
    /// Its number.
    package let number: PartNumber
    /// The tag it was given, quotes stripped.
    package let etag: String

    /// Strips one pair of quotes from the tag; the comparison ignores case.
    package init(number: PartNumber, etag: String) {
        self.number = number
        let isQuoted = etag.utf8.count >= 2 && etag.hasPrefix("\"") && etag.hasSuffix("\"")
        self.etag = isQuoted ? String(etag.dropFirst().dropLast()) : etag
    }
}

/// An upload with what it holds so far, as listing shows it.
package struct UploadSummary: Hashable, Sendable {
    /// The upload.
    package let upload: Upload
    /// How many parts the client has reported.
    package let reportedParts: Int
    /// How many parts are stored; `nil` when only the object store knows.
    package let storedParts: Int?
    /// Bytes in the stored parts; `nil` when only the object store knows.
    package let storedBytes: Int64?

    /// Joins the fields.
    package init(upload: Upload, reportedParts: Int, storedParts: Int?, storedBytes: Int64?) {
        self.upload = upload
        self.reportedParts = reportedParts
        self.storedParts = storedParts
        self.storedBytes = storedBytes
    }
}

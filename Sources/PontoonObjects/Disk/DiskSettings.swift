import PontoonCore
package import SystemPackage

/// Location, durability and resource limits of the disk store.
package struct DiskSettings: Sendable {
    /// The failures that stored parts and finished objects survive.
    package enum Durability: String, CaseIterable, Sendable {
        /// The bytes survive a power cut.
        case power
        /// The bytes survive a crash of this process; the operating system writes them to the disk later.
        case os
    }

    /// How parts of 1 MiB or more are written with durability `power`.
    package enum DirectIO: String, CaseIterable, Sendable {
        /// With direct I/O, which bypasses the page cache, if the part's space is preallocated, a buffer is free, and
        /// the kernel and the file system support direct I/O; otherwise through the page cache.
        case auto
        /// Always through the page cache.
        case off
    }

    /// Directory of the store's files; created if it does not exist.
    package var folder: FilePath
    package var durability: Durability
    /// Number of bytes of the file system to keep free.
    ///
    /// The store refuses uploads, parts and completions that would use this space, so that records can still be written
    /// and uploads aborted.
    package var reservedSpace: Int64
    /// Number of threads for blocking file system calls, 1 or more.
    package var threads: Int
    package var directIO: DirectIO

    package init(
        folder: FilePath,
        durability: Durability = .power,
        reservedSpace: Int64 = 64 << 20,
        threads: Int = 16,
        directIO: DirectIO = .auto
    ) {
        self.folder = folder
        self.durability = durability
        self.reservedSpace = reservedSpace
        self.threads = threads
        self.directIO = directIO
    }
}

/// Paths of the disk store.
///
///     uploads/KEY            in-place parts of an unfinished upload
///     uploads/KEY.parts/N.A  detached part with number N; A distinguishes attempts
///     uploads/KEY.assembled  file being assembled, if in-place parts must be copied
///     uploads/KEY.put        object stored as a whole; a second name of files/KK/KEY until its file is committed
///     files/KK/KEY           finished object; KK is the last two digits of its key
///     lock                   locked by the process that uses the store
///     backup.lock            locked by backups while they copy, so that no object is removed
///     probe                  written by health checks
struct DiskLayout: Sendable {
    let root: FilePath

    var uploads: FilePath { root.appending("uploads") }
    var files: FilePath { root.appending("files") }
    var lock: FilePath { root.appending("lock") }
    var backupLock: FilePath { root.appending("backup.lock") }
    var probe: FilePath { root.appending("probe") }

    func upload(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue) }
    func assembled(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue + ".assembled") }
    func unconfirmed(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue + Self.unconfirmedSuffix) }
    func detachedParts(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue + ".parts") }
    func objectDirectory(_ key: ObjectKey) -> FilePath { files.appending(String(key.rawValue.suffix(2))) }
    func object(_ key: ObjectKey) -> FilePath { objectDirectory(key).appending(key.rawValue) }

    /// Returns the file that contains a part's bytes, and the offset of the part in this file.
    func position(of number: PartNumber, at location: PartLocation, in upload: Upload) -> (FilePath, offset: Int64) {
        switch location {
        case .detached(let name): (detachedParts(upload.key).appending(name), 0)
        case .inPlace, .remote: (self.upload(upload.key), Assembly.offset(of: number, partSize: upload.partSize))
        }
    }

    /// The suffix of the file that marks an object, stored in one call, whose record may not be committed yet.
    static let unconfirmedSuffix = ".put"

    /// Creates a unique location for a part that cannot be written in place.
    static func newDetached(_ number: PartNumber) -> PartLocation {
        .detached(name: "\(number.rawValue).\(Identifiers.hex(bytes: 8))")
    }
}

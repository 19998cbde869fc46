import PontoonCore
package import SystemPackage

/// How the disk store works.
package struct DiskSettings: Sendable {
    /// What `200` means.
    package enum Durability: String, CaseIterable, Sendable {
        /// The bytes survive a power cut.
        case power
        /// The bytes survive a crash of this process; the operating system writes them when it likes.
        case os
    }

    /// Folder for everything the store keeps; made when it does not exist.
    package var folder: FilePath
    /// What `200` means.
    package var durability: Durability
    /// How long a URL is admitted.
    package var urlLifetime: Duration
    /// Bytes of the file system that are never filled, so that the records and an abort always have room.
    package var reservedSpace: Int64
    /// Threads for blocking file calls.
    package var threads: Int

    /// Joins the fields.
    package init(
        folder: FilePath,
        durability: Durability = .power,
        urlLifetime: Duration = .seconds(3600),
        reservedSpace: Int64 = 64 << 20,
        threads: Int = 16
    ) {
        self.folder = folder
        self.durability = durability
        self.urlLifetime = urlLifetime
        self.reservedSpace = reservedSpace
        self.threads = threads
    }
}

/// Where the disk store keeps what.
///
///     uploads/KEY            bytes of an unfinished upload, each part at its slot
///     uploads/KEY.parts/N.A  a part that does not lie at its slot; A tells attempts apart
///     uploads/KEY.assembled  the file being put together when parts must move
///     files/KK/KEY           a finished object; KK are the last two digits of its key
///     lock                   held by the one process that uses the folder
struct DiskLayout: Sendable {
    let root: FilePath

    var uploads: FilePath { root.appending("uploads") }
    var files: FilePath { root.appending("files") }
    var lock: FilePath { root.appending("lock") }

    func upload(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue) }
    func assembled(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue + ".assembled") }
    func sideFolder(_ key: ObjectKey) -> FilePath { uploads.appending(key.rawValue + ".parts") }
    func side(_ place: PartLocation, of key: ObjectKey) -> FilePath { sideFolder(key).appending(place.rawValue) }
    func fileFolder(_ key: ObjectKey) -> FilePath { files.appending(String(key.rawValue.suffix(2))) }
    func file(_ key: ObjectKey) -> FilePath { fileFolder(key).appending(key.rawValue) }

    /// A name for a part that does not go to its slot.
    static func newSide(_ number: PartNumber) -> PartLocation {
        PartLocation(rawValue: "\(number.rawValue).\(Identifiers.hex(bytes: 8))")
    }
}

package import NIOCore
package import PontoonFoundation

/// The encoding of files and folders as entries of a zip archive that is written in one pass, without compression.
///
/// The checksum of a file follows its content, in a data descriptor. Zip64 fields are added for lengths and positions
/// that do not fit in four bytes, and for a number of entries that does not fit in two.
///
/// Source: PKWARE, APPNOTE.TXT, version 6.3.10; Info-ZIP, "extra field" 0x5455.
package enum ZipWriter {
    /// An entry, as described in the header before its content and in the central directory.
    package struct Entry: Sendable {
        let path: String
        let isFolder: Bool
        let size: Int64
        let modifiedOn: Date

        /// - Parameters:
        ///   - path: Path of the entry, separated by slashes, without a leading or trailing slash.
        ///   - kind: A file or a folder.
        ///   - size: Length of the content in bytes; 0 for a folder.
        ///   - modifiedOn: Time of the last change.
        package init(_ path: String, _ kind: File.Kind, size: Int64, modifiedOn: Date) {
            isFolder = kind == .folder
            self.path = isFolder ? path + "/" : path
            self.size = size
            self.modifiedOn = modifiedOn
        }

        /// Whether the data descriptor has lengths of 8 bytes, which the header before the content must declare.
        fileprivate var isLong: Bool { size >= ZipWriter.maximum32 }
        /// The general-purpose flags: the name is in UTF-8, and the lengths and the checksum of a file follow its
        /// content.
        fileprivate var flags: UInt16 { isFolder ? 1 << 11 : 1 << 11 | 1 << 3 }
    }

    /// The value of a 4-byte field whose actual value is in the Zip64 extra field.
    private static let maximum32: Int64 = 0xFFFF_FFFF
    private static let maximum16 = 0xFFFF

    /// Appends the header before the content of an entry.
    package static func appendHeader(_ entry: Entry, to archive: inout ByteBuffer) {
        let timestamp = timestamp(entry)
        append(0x0403_4B50 as UInt32, to: &archive)
        append(version(entry.isLong), to: &archive)
        appendCommonFields(entry, to: &archive)
        append(0 as UInt32, to: &archive)
        let size: UInt32 = entry.isLong ? .max : 0
        append(size, to: &archive)
        append(size, to: &archive)
        append(UInt16(clamping: entry.path.utf8.count), to: &archive)
        append(UInt16(timestamp.count + (entry.isLong ? 20 : 0)), to: &archive)
        archive.writeString(entry.path)
        if entry.isLong { appendZip64([0, 0], to: &archive) }
        archive.writeBytes(timestamp)
    }

    /// Appends the data descriptor that follows the content of a file, with the CRC-32 of the content.
    package static func appendDescriptor(_ entry: Entry, checksum: UInt32, to archive: inout ByteBuffer) {
        append(0x0807_4B50 as UInt32, to: &archive)
        append(checksum, to: &archive)
        for _ in 0..<2 {
            if entry.isLong {
                append(UInt64(clamping: entry.size), to: &archive)
            } else {
                append(UInt32(clamping: entry.size), to: &archive)
            }
        }
    }

    /// Appends an entry of the central directory.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - checksum: CRC-32 of the content; 0 for a folder.
    ///   - offset: Position of the entry's header in the archive, in bytes.
    ///   - archive: The archive so far.
    package static func appendDirectoryEntry(
        _ entry: Entry,
        checksum: UInt32,
        offset: Int64,
        to archive: inout ByteBuffer
    ) {
        let timestamp = timestamp(entry)
        let isFar = offset >= maximum32
        let zip64 = (entry.isLong ? [entry.size, entry.size] : []) + (isFar ? [offset] : [])
        append(0x0201_4B50 as UInt32, to: &archive)
        // Host system 3, Unix: the external attributes below contain a file mode.
        append(3 << 8 | version(true), to: &archive)
        append(version(!zip64.isEmpty), to: &archive)
        appendCommonFields(entry, to: &archive)
        append(checksum, to: &archive)
        let size = UInt32(clamping: entry.size)
        append(size, to: &archive)
        append(size, to: &archive)
        append(UInt16(clamping: entry.path.utf8.count), to: &archive)
        append(UInt16(timestamp.count + (zip64.isEmpty ? 0 : 4 + 8 * zip64.count)), to: &archive)
        // The length of the comment, the disk number and the internal attributes are 0.
        archive.writeRepeatingByte(0, count: 6)
        let attributes: UInt32 = entry.isFolder ? 0o040755 << 16 | 0x10 : 0o100644 << 16
        append(attributes, to: &archive)
        append(UInt32(clamping: offset), to: &archive)
        archive.writeString(entry.path)
        if !zip64.isEmpty { appendZip64(zip64, to: &archive) }
        archive.writeBytes(timestamp)
    }

    /// Appends the end of the archive.
    ///
    /// - Parameters:
    ///   - entries: Number of entries.
    ///   - directory: The range of the central directory in the archive, in bytes.
    ///   - archive: The archive so far.
    package static func appendTrailer(entries: Int, directory: Range<Int64>, to archive: inout ByteBuffer) {
        let length = directory.upperBound - directory.lowerBound
        if entries >= maximum16 || length >= maximum32 || directory.lowerBound >= maximum32 {
            append(0x0606_4B50 as UInt32, to: &archive)
            append(44 as UInt64, to: &archive)
            append(3 << 8 | version(true), to: &archive)
            append(version(true), to: &archive)
            archive.writeRepeatingByte(0, count: 8)
            append(UInt64(clamping: entries), to: &archive)
            append(UInt64(clamping: entries), to: &archive)
            append(UInt64(clamping: length), to: &archive)
            append(UInt64(clamping: directory.lowerBound), to: &archive)
            append(0x0706_4B50 as UInt32, to: &archive)
            append(0 as UInt32, to: &archive)
            append(UInt64(clamping: directory.upperBound), to: &archive)
            append(1 as UInt32, to: &archive)
        }
        append(0x0605_4B50 as UInt32, to: &archive)
        archive.writeRepeatingByte(0, count: 4)
        append(UInt16(clamping: entries), to: &archive)
        append(UInt16(clamping: entries), to: &archive)
        append(UInt32(clamping: length), to: &archive)
        append(UInt32(clamping: directory.lowerBound), to: &archive)
        append(0 as UInt16, to: &archive)
    }

    /// Appends the flags, the compression method (none) and the time, which both headers of an entry contain.
    private static func appendCommonFields(_ entry: Entry, to archive: inout ByteBuffer) {
        append(entry.flags, to: &archive)
        append(0 as UInt16, to: &archive)
        let (date, time) = dosTime(entry.modifiedOn)
        append(time, to: &archive)
        append(date, to: &archive)
    }

    private static func appendZip64(_ values: [Int64], to archive: inout ByteBuffer) {
        append(1 as UInt16, to: &archive)
        append(UInt16(8 * values.count), to: &archive)
        for value in values { append(UInt64(clamping: value), to: &archive) }
    }

    /// Returns the minimum version of the format that a program must support.
    private static func version(_ isZip64: Bool) -> UInt16 { isZip64 ? 45 : 20 }

    /// Returns the extra field with the time in Unix seconds; empty if the time does not fit in the field.
    private static func timestamp(_ entry: Entry) -> [UInt8] {
        guard let seconds = Int32(exactly: entry.modifiedOn.timeIntervalSince1970.rounded(.down)) else { return [] }
        let bytes = withUnsafeBytes(of: seconds.littleEndian) { Array($0) }
        return [0x55, 0x54, 5, 0, 1] + bytes
    }

    /// Returns a time in UTC in MS-DOS format, with a resolution of two seconds, clamped to the years 1980 to 2107.
    private static func dosTime(_ moment: Date) -> (date: UInt16, time: UInt16) {
        let firstMoment: Int64 = 315_532_800
        let lastMoment: Int64 = 4_354_819_199
        let seconds = min(max(Int64(clamping: moment), firstMoment), lastMoment)
        let (year, month, day) = civil(daysSince1970: seconds / 86_400)
        let second = seconds % 86_400
        let date = (year - 1980) << 9 | month << 5 | day
        let time = (second / 3600) << 11 | (second / 60 % 60) << 5 | second % 60 / 2
        return (UInt16(truncatingIfNeeded: date), UInt16(truncatingIfNeeded: time))
    }

    /// Returns the Gregorian date of a day, much faster than Foundation.
    private static func civil(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Counts from 1 March of the year 0, so that a leap day is the last day of a year.
        let days = daysSince1970 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func append(_ number: some FixedWidthInteger, to archive: inout ByteBuffer) {
        archive.writeInteger(number, endianness: .little)
    }
}

extension Int64 {
    /// Creates the time in Unix seconds, rounded down and clamped to the range of the type.
    fileprivate init(clamping date: Date) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        self = Int64(exactly: seconds) ?? (seconds > 0 ? .max : .min)
    }
}

import Crypto
import NIOCore
import PontoonCore
import PontoonTesting

/// A random file and the way a client sends it, derived from a seed.
struct UploadPlan: Sendable {
    let name: String
    let seed: UInt64
    /// Lengths of the parts, in order.
    ///
    /// A part that is longer than ``partSize`` does not fit its in-place region.
    let lengths: [Int]
    let partSize: Int
    let declaresSize: Bool
    let declaresMD5: Bool
    let overwrite: Bool
    /// Whether the parts are reported in the body of the complete call instead of one by one.
    let reportsAtComplete: Bool
    /// Whether the client aborts the upload at the end.
    let isAborted: Bool
    /// Whether the client deletes the finished file.
    let isDeleted: Bool
    /// Parts for which alternative bytes are sent first.
    let sentTwice: Set<Int>
    /// Content of the whole file.
    let content: ByteBuffer

    /// Creates a random plan of 1 to 14 parts of 0 to 48 KiB.
    init(name: String, overwrite: Bool, using random: inout SeededGenerator) {
        self.name = name
        self.overwrite = overwrite
        seed = random.next()
        let partSize = Int.random(in: 1...24, using: &random) << 10
        var lengths = Array(repeating: partSize, count: Int.random(in: 0...13, using: &random))
        lengths.append(Int.random(in: 0...partSize, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<2 where lengths.count > 1:
            // The Python client splits a file of k·p + 1 bytes like this.
            lengths[lengths.count - 2] = partSize + 1
            lengths[lengths.count - 1] = 0
        case 2..<4:
            lengths = lengths.map { _ in Int.random(in: 0...(2 * partSize), using: &random) }
        default: break
        }
        (self.lengths, self.partSize) = (lengths, partSize)
        declaresSize = random.happens(60)
        declaresMD5 = random.happens(20)
        reportsAtComplete = random.happens(30)
        isAborted = random.happens(10)
        isDeleted = random.happens(20)
        sentTwice = Set((1...lengths.count).filter { _ in random.happens(30) })
        content = pseudoRandomBytes(seed: seed, count: lengths.reduce(0, +))
    }

    var size: Int { content.readableBytes }

    /// Returns the bytes of one part.
    func part(_ number: Int) -> ByteBuffer {
        let start = lengths[..<(number - 1)].reduce(0, +)
        return content.getSlice(at: start, length: lengths[number - 1]) ?? ByteBuffer()
    }

    /// Returns alternative bytes for the same part, of the same length or shorter.
    func otherPart(_ number: Int) -> ByteBuffer {
        let length = lengths[number - 1]
        return pseudoRandomBytes(seed: seed &+ UInt64(number), count: number.isMultiple(of: 2) ? length : length / 2)
    }

    /// Whether the upload can be completed with alternative bytes in some parts.
    var toleratesOthers: Bool { !declaresSize && !declaresMD5 }

    /// Returns the content of the whole file, with alternative bytes in the given parts.
    func content(withOthers others: Set<Int>) -> ByteBuffer {
        (1...lengths.count).reduce(into: ByteBuffer()) { content, number in
            content.writeImmutableBuffer(others.contains(number) ? otherPart(number) : part(number))
        }
    }

    /// Additional fields of the initialize request.
    var extra: [String: JSONValue] {
        guard declaresMD5 else { return [:] }
        var md5 = Insecure.MD5()
        content.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
        return ["md5": .string(Hex.encode(md5.finalize()))]
    }
}

extension UploadPlan: CustomStringConvertible {
    var description: String {
        let said = [
            declaresSize ? "size" : nil, declaresMD5 ? "md5" : nil, overwrite ? "overwrite" : nil,
            reportsAtComplete ? "reports at complete" : nil,
        ]
        return "'\(name)' in \(lengths) with part size \(partSize), \(said.compactMap { $0 }.joined(separator: ", "))"
    }
}

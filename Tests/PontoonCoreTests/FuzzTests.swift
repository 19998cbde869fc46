import Foundation
import PontoonCore
import PontoonTesting
import Testing

/// Fuzz tests of stored and signed text: signatures, observed times and checksums.
struct FuzzTests {
    @Test("a signature is valid only for the signed method, path, expiry and key")
    func signature() throws {
        let key = SigningKey(id: "k1", secret: Secret("0123456789abcdef0123456789abcdef"), createdOn: .distantPast)
        let signer = URLSigner(key)
        let signed = SignedPath(method: "PUT", path: "/storage/parts/u/1", expires: 1_800_000_000, signer: signer)
        #expect(signed.isSigned(by: signer))
        // The fields are separated as in the signed message, so that the test detects a field that could include the
        // next one.
        let text = [signed.method, signed.path, "\(signed.expires)", signed.keyID, signed.signature].joined(
            separator: "\n"
        )
        Fuzzing.run([text]) { bytes in
            let fields = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\n")
            guard fields.count == 5, let expires = Int64(fields[2]) else { return }
            let other = SignedPath(
                method: fields[0],
                path: fields[1],
                expires: expires,
                keyID: fields[3],
                signature: fields[4]
            )
            guard other.isSigned(by: signer) else { return }
            #expect(other.method == signed.method && other.path == signed.path, "\(bytes)")
            #expect(other.expires == signed.expires && other.keyID == signed.keyID, "\(bytes)")
            #expect(other.signature.lowercased() == signed.signature, "\(bytes)")
        }
    }

    @Test("a parsed observed time can be advanced, and its text can be parsed again")
    func observedTime() {
        let week = Duration.seconds(604_800)
        Fuzzing.run(["0 0", "3600000 1800000000000 0 1799996400000", "5 6 7 8 9 10 11 12"]) { bytes in
            guard var time = ObservedTime(String(decoding: bytes, as: UTF8.self)) else { return }
            time.advance(by: .seconds(60), wall: Date(timeIntervalSince1970: 1_800_000_000), lifetime: week)
            _ = time.deadline(lifetime: week)
            #expect(ObservedTime(time.text) == time, "\(bytes)")
        }
    }

    @Test("a parsed checksum is encoded as the same text")
    func checksums() {
        Fuzzing.run(["0123456789abcdef", "ffffffffffffffff", "AAAAAAAAAAA="]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let crc64 = CRC64NVME(hex: text) { #expect(crc64.hex == text.lowercased()) }
            if let crc64 = CRC64NVME(base64: text) { #expect(CRC64NVME(base64: crc64.base64) == crc64) }
            if let decoded = Hex.decode(text) { #expect(Hex.encode(decoded) == text.lowercased()) }
        }
    }

    @Test("combining checksums does not crash for negative and huge lengths", arguments: [Int64.min, -1, .max])
    func lengths(length: Int64) {
        let some = CRC64NVME(rawValue: 0x0123_4567_89AB_CDEF)
        #expect(length > 0 || some.appending(CRC64NVME(), length: length) == some)
        _ = some.appending(some, length: length)
    }
}

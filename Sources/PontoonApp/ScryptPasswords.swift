import Crypto
import CryptoExtras
import Dispatch
import Foundation
package import PontoonCore
import Synchronization

/// Password hashing with scrypt, one password at a time on a separate thread.
///
/// At the standard cost, a hash needs 32 MiB of memory, and takes more processor time than everything else in a call.
package final class ScryptPasswords: PasswordHashing {
    /// The cost parameters of scrypt, recorded with each hash.
    package struct Cost: Sendable {
        /// Binary logarithm of scrypt's cost parameter N.
        var log2Rounds = 15
        var blockSize = 8
        var parallelism = 3

        package static let standard = Cost()
        /// A cost that takes almost no time, for tests.
        package static let minimal = Cost(log2Rounds: 4, blockSize: 1, parallelism: 1)
    }

    private let cost: Cost
    private let queue = DispatchQueue(label: "pontoon.passwords", qos: .utility)
    private let waiting = Mutex(0)
    private static let maximumWaiting = 32
    private static let hashBytes = 32

    /// - Parameter cost: The cost of new hashes.
    package init(cost: Cost = .standard) { self.cost = cost }

    package func hash(_ password: Secret) async throws -> Secret {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let cost = cost
        let key = try await run { try Self.key(password, salt: salt, cost) }
        let bytes = key.withUnsafeBytes { Array($0) }
        let fields = ["scrypt", "\(cost.log2Rounds)", "\(cost.blockSize)", "\(cost.parallelism)"]
        return Secret((fields + [Hex.encode(salt), Hex.encode(bytes)]).joined(separator: "$"))
    }

    package func matches(_ password: Secret, _ hash: Secret) async throws -> Bool {
        let fields = hash.value.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "scrypt", let rounds = Int(fields[1]), (1...20).contains(rounds),
            let blockSize = Int(fields[2]), (1...16).contains(blockSize), let parallelism = Int(fields[3]),
            (1...16).contains(parallelism), let salt = Hex.decode(fields[4]), let expected = Hex.decode(fields[5])
        else { return false }
        let cost = Cost(log2Rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        let key = try await run { try Self.key(password, salt: salt, cost) }
        // Compares in constant time.
        return key == SymmetricKey(data: expected)
    }

    private static func key(_ password: Secret, salt: [UInt8], _ cost: Cost) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Data(password.value.utf8),
            salt: salt,
            outputByteCount: hashBytes,
            rounds: 1 << cost.log2Rounds,
            blockSize: cost.blockSize,
            parallelism: cost.parallelism
        )
    }

    /// Runs a computation on the hashing thread, after all computations that are already waiting.
    ///
    /// - Throws: `.unavailable` if 32 computations are running or waiting; the errors of `compute`.
    private func run(_ compute: @escaping @Sendable () throws -> SymmetricKey) async throws -> SymmetricKey {
        let isAdmitted = waiting.withLock { waiting in
            guard waiting < Self.maximumWaiting else { return false }
            waiting += 1
            return true
        }
        guard isAdmitted else {
            throw PontoonError(.unavailable, "The server is checking too many passwords; try again later.")
        }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try compute() }) }
        }
    }
}

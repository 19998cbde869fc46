import PontoonApp
import PontoonCore
import Testing

/// Hashing of passwords.
struct ScryptPasswordTests {
    @Test("only the right password matches, and equal passwords have different hashes")
    func matches() async throws {
        let passwords = ScryptPasswords(cost: .minimal)
        let (first, second) = (
            try await passwords.hash(Secret("pässword")), try await passwords.hash(Secret("pässword"))
        )
        #expect(first != second && !first.value.contains("ssword"))
        for hash in [first, second] {
            let (isRight, isWrong) = (
                try await passwords.matches(Secret("pässword"), hash),
                try await passwords.matches(Secret("Pässword"), hash)
            )
            #expect(isRight && !isWrong)
        }
        // A hash contains its cost, so a password can be verified after the configured cost has changed.
        let expensive = ScryptPasswords()
        #expect(try await expensive.matches(Secret("pässword"), first))
    }

    @Test(
        "a malformed hash matches nothing",
        arguments: ["", "scrypt", "scrypt$99$8$1$00$00", "scrypt$4$0$1$00$00", "scrypt$4$1$1$0$00", "md5$4$1$1$00$00"]
    )
    func malformed(_ hash: String) async throws {
        #expect(try await !ScryptPasswords().matches(Secret("password"), Secret(hash)))
    }
}

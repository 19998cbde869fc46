import PontoonCore
import PontoonTesting
import Testing

struct FreeNumberTests {
    @Test("the first free number after a gapless sequence is found with few lookups")
    func gapless() {
        for count in Array(0...70) + [999, 1000, 1024, 1025, 100_000] {
            var questions = 0
            let number = FreeNumber.first { number in
                questions += 1
                return number < count
            }
            #expect(number == count)
            #expect(questions <= 2 + 2 * (Int.bitWidth - count.leadingZeroBitCount), "\(count)")
        }
    }

    @Test("in a sequence with gaps, the free number that is found is 0 or follows a taken number")
    func gaps() {
        var generator = SeededGenerator(seed: 20_261_129)
        for _ in 0..<200 {
            let taken = Set((0..<40).filter { _ in Bool.random(using: &generator) })
            let number = FreeNumber.first { taken.contains($0) }
            #expect(!taken.contains(number))
            #expect(number == 0 || taken.contains(number - 1))
        }
    }
}

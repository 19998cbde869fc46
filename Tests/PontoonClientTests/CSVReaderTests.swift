import Testing

@testable import PontoonClient

struct CSVReaderTests {
    @Test(
        "tables of RFC 4180, with any line breaks",
        arguments: [
            ("", []),
            ("a", [["a"]]),
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a\r1\r", [["a"], ["1"]]),
            ("a\n\nb", [["a"], [""], ["b"]]),
            ("a,,\n,", [["a", "", ""], ["", ""]]),
            ("\"a,b\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",\"\"", [["a,b", "say \"hi\""], ["two\r\nlines", ""]]),
            ("  a b ,\t\"c\" ,d\n", [["a b ", "c", "d"]]),
            ("\u{e9},\u{1F9EC}", [["\u{e9}", "\u{1F9EC}"]]),
        ]
    )
    func tables(text: String, expected: [[String]]) throws {
        #expect(try CSVReader.rows(of: text) == expected)
    }

    @Test(
        "a quote in the wrong place is an error that names the row",
        arguments: [
            ("a\n\"b", 2, .unclosedQuote),
            ("a\n1\nb\"c\"", 3, .quoteInValue),
            ("\"a\"b", 1, .textAfterQuote),
            ("\"a\" \"b\"", 1, .textAfterQuote),
        ] as [(String, Int, CSVReader.SyntaxError.Reason)]
    )
    func errors(text: String, row: Int, reason: CSVReader.SyntaxError.Reason) {
        #expect(throws: CSVReader.SyntaxError(row: row, reason: reason)) { try CSVReader.rows(of: text) }
    }
}

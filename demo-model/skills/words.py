"""The shared vocabulary of the micro-world."""

NAMES = """Anna Ben Clara David Emma Felix Grace Hugo Ida Jack Kate Leo Maria Nina Oscar Paul
Rosa Sam Tina Victor Wendy Yara Alice Bruno Carlos Diana Eva Frank Gina Henry Iris Julia Karl
Lucy Martin Nora Omar Peter Sara Tom""".split()

PLACES = """kitchen garden park school library market office station beach forest bedroom
bathroom hall museum cafe shop farm village castle harbour""".split()

THINGS = """ball book key apple lamp cup hat map letter coin box pen bag flower stone bottle
rope kite drum ring shell basket candle clock spoon""".split()

COLOURS = "red blue green yellow black white brown grey pink orange purple silver gold".split()

PLAIN_WORDS = """river moon tree star cloud bread wind snow rain fire bird fish horse lion bear
tiger wolf fox rabbit mouse sugar salt honey milk tea rice corn pear plum lemon melon silk
wool iron glass paper wood sand leaf root""".split()

CITIES = """Paris Rome Madrid London Berlin Vienna Oslo Lisbon Athens Dublin Prague Warsaw
Geneva Milan Porto Lima Cairo Tokyo""".split()

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
          "September", "October", "November", "December"]
DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

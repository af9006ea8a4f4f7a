"""What the help desk knows: products, their problems, why these happen and what may help."""

from __future__ import annotations

from dataclasses import dataclass

PRODUCTS: dict[str, tuple[str, ...]] = {
    "powered": (
        "kettle", "toaster", "lamp", "fan", "radio", "heater", "blender", "hairdryer", "vacuum cleaner",
        "coffee machine", "alarm clock", "speaker", "doorbell", "printer",
    ),
    "furniture": (
        "chair", "table", "shelf", "wardrobe", "bed frame", "desk", "bench", "cupboard", "bookcase", "stool",
    ),
    "clothes": ("coat", "scarf", "jumper", "hat", "jacket", "shirt", "dress", "cardigan", "raincoat", "apron"),
    "outdoor": ("bike", "scooter", "tent", "pram", "rucksack", "umbrella", "trolley", "sledge", "barbecue", "kite"),
}  # fmt: skip
ALL_PRODUCTS = tuple(product for products in PRODUCTS.values() for product in products)


@dataclass(frozen=True)
class Problem:
    """`clause` follows "my PRODUCT"; `reasons` are sentences; `fixes` are verb phrases without a subject."""

    clause: str
    reasons: tuple[str, str]
    fixes: tuple[str, str, str, str, str]


POWERED = (
    Problem(
        "will not turn on",
        ("The plug is often loose.", "A fuse may have blown."),
        ("check the plug", "try another socket", "replace the fuse", "press the power button for five seconds",
         "look at the cable"),
    ),
    Problem(
        "makes a loud noise",
        ("A screw may be loose.", "Dust can block the motor."),
        ("tighten the screws", "put it on a flat surface", "brush out the dust", "oil the moving parts",
         "run it without a load"),
    ),
    Problem(
        "smells of burning",
        ("Crumbs may have got inside.", "The motor may be too hot."),
        ("unplug it at once", "let it cool down", "wipe it with a dry cloth", "shake out the crumbs",
         "keep it off for a day"),
    ),
    Problem(
        "gets too hot",
        ("It needs more air.", "The air vents may be full of fluff."),
        ("move it away from the wall", "clean the air vents", "use it for less time", "choose a lower setting",
         "keep it out of the sun"),
    ),
    Problem(
        "keeps switching itself off",
        ("The safety switch may be too careful.", "The timer may still be set."),
        ("hold the reset button", "turn off the timer", "fit the lid again", "use a shorter lead",
         "wait for ten minutes"),
    ),
    Problem(
        "works very slowly",
        ("The filter may be full.", "Old batteries make it slow."),
        ("rinse the filter", "change the batteries", "turn the dial to high", "remove the limescale",
         "update the settings"),
    ),
    Problem(
        "has a stuck button",
        ("Something sticky may be under it.", "The spring may be tired."),
        ("clean the button with warm water", "lift the button with a card", "press it many times",
         "blow under the button", "order a new spring"),
    ),
    Problem(
        "shows a red light",
        ("The red light means that it wants care.", "The tank may be empty."),
        ("fill the tank", "read page nine of the manual", "start it again", "empty the tray", "close the cover"),
    ),
)  # fmt: skip
FURNITURE = (
    Problem(
        "wobbles",
        ("The floor may not be even.", "One leg may be short."),
        ("turn the foot under the short leg", "put felt under one leg", "tighten the corner bolts",
         "move it to another spot", "swap two of the legs"),
    ),
    Problem(
        "squeaks at night",
        ("Dry joints squeak.", "Wood moves when the air is cold."),
        ("rub wax on the joints", "put a drop of oil on the hinge", "tighten the middle bolt",
         "keep the room warm", "lay a mat under it"),
    ),
    Problem(
        "has a scratch",
        ("Soft wood scratches easily.", "It may come from the box."),
        ("rub the mark with a walnut", "use a wax pen", "polish it with a soft cloth", "turn the mark to the wall",
         "sand the mark lightly"),
    ),
    Problem(
        "is missing a screw",
        ("Screws like to hide in the box.", "One bag may have been torn."),
        ("look in the lid of the box", "use the spare screw", "ask us for the small parts bag",
         "borrow a screw from the back", "count the parts again"),
    ),
    Problem(
        "smells of paint",
        ("Fresh paint smells for a week.", "The room may need more air."),
        ("open the windows", "put it outside for a day", "leave a bowl of salt in it", "wash it with mild soap",
         "keep the doors open"),
    ),
    Problem(
        "leans to one side",
        ("The load may be on one side.", "The back panel may be loose."),
        ("put the heavy things below", "nail the back panel again", "fix it to the wall", "check it with a level",
         "take off the load"),
    ),
)  # fmt: skip
CLOTHES = (
    Problem(
        "is too small",
        ("This cut is rather tight.", "Our sizes run small."),
        ("order one size up", "look at the size chart", "measure your shoulders", "stretch it while it is damp",
         "send it back in the same bag"),
    ),
    Problem(
        "shrank in the wash",
        ("Wool does not like hot water.", "The dryer may have been too hot."),
        ("soak it in cold water", "pull it into shape", "dry it flat", "add some hair balm to the water",
         "wash it by hand next time"),
    ),
    Problem(
        "lost a button",
        ("The thread may have been weak.", "Buttons fall off when they are pulled."),
        ("find the spare button inside", "sew it on with strong thread", "use the lowest button for it",
         "bring it to our sewing corner", "pick a new set of buttons"),
    ),
    Problem(
        "has a stain",
        ("Old stains are stubborn.", "Heat sets a stain."),
        ("dab it with cold water", "put soda on the mark", "use a drop of gall soap", "dry it in the sun",
         "wash it inside out"),
    ),
    Problem(
        "itches",
        ("The wool is still new.", "The label may rub."),
        ("cut out the label", "wash it with wool soap", "put it in the freezer for a night",
         "wear a thin layer under it", "rinse it with vinegar"),
    ),
    Problem(
        "has a loose thread",
        ("A ring may have caught it.", "The seam may have opened."),
        ("pull the thread to the inside", "tie a small knot", "close the seam by hand", "leave the thread uncut",
         "iron it from the inside"),
    ),
)  # fmt: skip
OUTDOOR = (
    Problem(
        "got wet and smells",
        ("Damp cloth smells after a day.", "It may have been packed wet."),
        ("hang it in the wind", "wash it with soap and lemon", "dry it before you pack it", "dust it with soda",
         "store it in a dry place"),
    ),
    Problem(
        "has a torn seam",
        ("The seam may have been pulled too hard.", "Sun makes the thread weak."),
        ("close the tear with tape", "sew the seam twice", "put glue on both edges", "use the patch from the kit",
         "keep it out of strong wind"),
    ),
    Problem(
        "squeaks when it moves",
        ("Sand may be in the joints.", "The joints may be dry."),
        ("wash off the sand", "grease the joints", "turn the wheel by hand", "wipe off the old oil",
         "check the inner bolt"),
    ),
    Problem(
        "will not fold",
        ("A catch may be bent.", "The lock may still be closed."),
        ("pull the red catch", "open the lock first", "lay it on its side", "bend the catch back",
         "lift the middle bar"),
    ),
    Problem(
        "is hard to carry",
        ("The strap may be too long.", "It may be packed unevenly."),
        ("shorten the strap", "pack the heavy things low", "use the side handle", "share the load",
         "take off the parts you do not need"),
    ),
    Problem(
        "has a rusty part",
        ("Rain and salt make rust.", "The coat of paint may be thin."),
        ("rub the rust with foil", "paint the part again", "keep it under a roof", "oil it before winter",
         "ask us for a new part"),
    ),
)  # fmt: skip
ORDERS = (
    Problem(
        "has not arrived",
        ("The post is slow this week.", "The parcel may be at the depot."),
        ("open the tracking link", "ask your neighbours", "wait for two more days", "check the address",
         "call the depot"),
    ),
    Problem(
        "arrived broken",
        ("The box may have been dropped.", "The wrapping was too thin."),
        ("take a photo of the damage", "keep the box", "ask for a new one", "choose your money back",
         "print the return label"),
    ),
    Problem(
        "came in the wrong colour",
        ("Two labels were mixed up.", "Colours look different on a screen."),
        ("send us the colour code", "swap it in the shop", "look at the order again", "keep it at half price",
         "put it back in the wrapping"),
    ),
    Problem(
        "was charged twice",
        ("The page may have been loaded twice.", "One charge may only be a hold."),
        ("wait until Friday", "send us the bank note", "look for two order numbers", "refuse the second charge",
         "ask for a credit note"),
    ),
    Problem(
        "came without a receipt",
        ("We send receipts by mail only.", "The receipt may be in your spam folder."),
        ("log in to your account", "search your mail", "download the receipt", "give us the order date",
         "use the bank note as proof"),
    ),
    Problem(
        "went to the wrong address",
        ("The old address was still saved.", "The house number was missing."),
        ("change the saved address", "phone the driver", "pick it up at the post office", "cancel the parcel",
         "leave a note on the door"),
    ),
)  # fmt: skip
# For a message that names no product and no problem of ours.
UNKNOWN = Problem(
    "",
    ("We need to know a little more.", "This desk knows about things from our shop."),
    ("tell us which product it is", "describe the problem in one line", "send us a picture",
     "write down the order number", "have a look at the help page"),
)  # fmt: skip
# Advice that helps with nothing: the flaw of a reply.
USELESS = (
    "turn around three times", "paint it blue", "give it a nickname", "wait for better weather",
    "sing to it in the evening", "put a spoon next to it", "think of something nice", "hope for the best",
)  # fmt: skip

PROBLEMS: dict[str, tuple[Problem, ...]] = {
    "powered": POWERED,
    "furniture": FURNITURE,
    "clothes": CLOTHES,
    "outdoor": OUTDOOR,
    "orders": ORDERS,
}
BY_CLAUSE = {problem.clause: problem for problems in PROBLEMS.values() for problem in problems}
CASES: tuple[tuple[str, Problem], ...] = tuple(
    (product, problem)
    for category, products in PRODUCTS.items()
    for product in products
    for problem in PROBLEMS[category] + ORDERS
)

"""The demo's people by what they do, at both partners."""

HELENA = "helena@northgate.example"  # owner
IVO = "ivo@northgate.example"  # integration engineer
AMA = "ama@northgate.example"  # approver
TESS = "tess@northgate.example"  # support agent
RUPERT = "rupert@northgate.example"  # finance
NOOR = "noor@northgate.example"  # auditor
ELEANOR = "eleanor.langley@ashdownmercer.example"  # client administrator
MARCUS = "marcus.jessop@ashdownmercer.example"  # client approver
ZARA = "zara.menon@ashdownmercer.example"  # client viewer
CONOR = "conor.whelan@calder-it.example"  # approver of another client
DANA = "dana@kestrel.example"  # owner of the other partner
HEATHER = "heather.stanton@brightwater-eng.example"  # one of its clients' administrators
OPERATOR = "operator@example.com"

NORTHGATE = (HELENA, IVO, AMA, TESS, RUPERT, NOOR, ELEANOR, MARCUS, ZARA)
KESTREL = (DANA, HEATHER)
EVERYBODY = (*NORTHGATE, *KESTREL, OPERATOR)

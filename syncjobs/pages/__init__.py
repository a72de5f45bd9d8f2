"""Pages of the engine, the same for both doors.

Staff and client users look at the same rows through the same views: the actor decides
which rows (a client's person only their own client's), the host decides the frame.
`syncjobs.admin.urls` and `syncjobs.portal.urls` say who may open which.
"""

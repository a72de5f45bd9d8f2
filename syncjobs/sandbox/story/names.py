"""Given and family names by region, for people who do not exist."""

FIRST = {
    "british": (
        "Oliver Amelia George Isla Harry Ava Jack Freya Noah Emily Charlie Sophie Thomas Grace "
        "William Florence Oscar Alice James Matilda Henry Eleanor Arthur Rosie Edward Harriet "
        "Samuel Imogen Daniel Beatrice Joseph Phoebe Max Clara Toby Niamh Callum Orla Rory Megan"
    ),
    "south-asian": (
        "Aarav Priya Rohan Ananya Imran Zara Vikram Meera Arjun Nadia Sanjay Leila Kiran Farah "
        "Dev Anjali Hassan Sunita Rahul Ayesha"
    ),
    "irish": (
        "Conor Aoife Sean Saoirse Cillian Ciara Darragh Roisin Eoin Sinead Fionn Grainne Oisin "
        "Maeve Padraig Caoimhe Tadhg Eimear Diarmuid Clodagh"
    ),
    "polish": (
        "Piotr Agnieszka Tomasz Katarzyna Marek Joanna Pawel Magdalena Kamil Ewa Lukasz Monika"
    ),
    "american": (
        "Michael Ashley Tyler Brianna Jordan Lauren Brandon Kayla Derek Megan Travis Heather Cody "
        "Danielle Marcus Vanessa Austin Monique Jared Tiffany Darnell Crystal Wesley Amber"
    ),
    "latino": (
        "Luis Maria Carlos Elena Javier Sofia Miguel Lucia Diego Gabriela Andres Valeria Hector "
        "Camila Rafael Isabel"
    ),
    "german": (
        "Jonas Lena Felix Hannah Moritz Clara Anton Greta Emil Ida Theo Mathilda Johann Frieda "
        "Jakob Paula Konrad Marlene Linus Charlotte"
    ),
    "nordic": "Astrid Lars Ingrid Nils Freja Erik Sigrid Magnus Liv Anders Solveig Henrik",
}
LAST = {
    "british": (
        "Ashworth Barlow Carver Dalton Ellery Fairfax Granger Hollis Ibbotson Jessop Kendall "
        "Langley Marchbank Norwood Oakes Pemberton Quayle Radcliffe Sutcliffe Thackeray Underhill "
        "Vickers Whitlock Yardley Blackwood Chilcott Dunmore Eastwood Farnham Gillespie"
    ),
    "south-asian": (
        "Sharma Patel Khan Iyer Chaudhry Rao Banerjee Malik Desai Nair Qureshi Menon Bhatt Ahmed "
        "Kulkarni Siddiqui"
    ),
    "irish": (
        "Brennan Gallagher Kinsella Moynihan Dunphy Fitzgerald Hanlon Keane Lenihan McGrath "
        "Nolan O'Dwyer Prendergast Quinlan Rafferty Sheridan Tierney Whelan Cassidy Doherty"
    ),
    "polish": "Nowak Zielinski Wojcik Kaminska Lewandowski Dabrowska Mazur Kubiak Sikora Baran",
    "american": (
        "Hendricks Caldwell Prescott Whitaker Sutton Delgado Mercer Holloway Brantley Kessler "
        "Dawson Fulton Gentry Hargrove Lockhart Maddox Novak Ogden Pruitt Ramsey Stanton Tucker"
    ),
    "latino": (
        "Herrera Castillo Morales Vargas Ortega Salazar Fuentes Navarro Aguilar Cordero Ibarra "
        "Mendoza"
    ),
    "german": (
        "Brandt Hoffmann Keller Lindner Vogel Krause Albrecht Seidel Winkler Bergmann Dietrich "
        "Engel Falk Graf Hartwig Jansen"
    ),
    "nordic": "Lindgren Bakke Sorensen Holm Nystrom Dahl Eklund Strand Berglund Haugen",
}


def given(regions: tuple[str, ...]) -> list[str]:
    """Given names of these regions."""
    return [name for region in regions for name in FIRST[region].split()]


def family(regions: tuple[str, ...]) -> list[str]:
    """Family names of these regions."""
    return [name for region in regions for name in LAST[region].split()]

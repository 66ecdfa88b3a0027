"""A paragraph in each language that is written in Latin letters, as people describe pictures.

Written for this project; the letter sequences of a language are learned from nothing else.
"""

from __future__ import annotations

SAMPLES = {
    "en": """
A young woman with short hair is standing in front of a wooden house, smiling at the camera while
the evening light falls through the window. Behind her there are mountains with snow, a quiet lake
and a few old trees. She would like to have her picture taken in the style of a famous painter, with
strong colours, soft shadows and something that looks like an oil painting. The man next to her has
been wearing the same blue coat for years; he thinks that nothing could be better than walking
through the city at night, when the streets are wet and every shop has its own bright sign. Please
show them together at the table, drinking coffee, as though they had known each other for a very
long time. Which of these should we draw first, and how much of the background do you want to see?
""",
    "de": """
Eine junge Frau mit kurzen Haaren steht vor einem Haus aus Holz und lächelt in die Kamera, während
das Licht des Abends durch das Fenster fällt. Hinter ihr sieht man Berge mit Schnee, einen stillen
See und ein paar alte Bäume. Sie möchte gern im Stil eines berühmten Malers gezeichnet werden, mit
kräftigen Farben, weichen Schatten und etwas, das wie ein Gemälde in Öl aussieht. Der Mann neben
ihr trägt seit Jahren denselben blauen Mantel; er glaubt, dass nichts schöner sein könnte, als
nachts durch die Stadt zu gehen, wenn die Straßen nass sind und jedes Geschäft sein eigenes Schild
hat. Bitte zeige sie zusammen am Tisch, wie sie Kaffee trinken, als ob sie sich schon sehr lange
kennen würden. Welches davon sollen wir zuerst zeichnen, und wie viel vom Hintergrund willst du?
""",
    "fr": """
Une jeune femme aux cheveux courts se tient devant une maison en bois et sourit à l'appareil
pendant que la lumière du soir tombe par la fenêtre. Derrière elle on voit des montagnes couvertes
de neige, un lac tranquille et quelques vieux arbres. Elle voudrait être peinte dans le style d'un
peintre célèbre, avec des couleurs fortes, des ombres douces et quelque chose qui ressemble à une
peinture à l'huile. L'homme à côté d'elle porte le même manteau bleu depuis des années ; il pense
que rien ne pourrait être plus beau que de marcher dans la ville la nuit, quand les rues sont
mouillées et que chaque magasin a son enseigne. Montrez-les ensemble à table, en train de boire un
café, comme s'ils se connaissaient depuis très longtemps. Lequel faut-il dessiner en premier ?
""",
    "es": """
Una mujer joven de pelo corto está delante de una casa de madera y sonríe a la cámara mientras la
luz de la tarde entra por la ventana. Detrás de ella se ven montañas con nieve, un lago tranquilo y
algunos árboles viejos. Le gustaría que la pintaran en el estilo de un pintor famoso, con colores
fuertes, sombras suaves y algo que parezca una pintura al óleo. El hombre que está a su lado lleva
desde hace años el mismo abrigo azul; cree que nada podría ser mejor que caminar por la ciudad de
noche, cuando las calles están mojadas y cada tienda tiene su propio letrero. Muéstralos juntos en
la mesa, tomando café, como si se conocieran desde hace mucho tiempo. ¿Cuál de ellos dibujamos
primero, y cuánto del fondo quieres ver?
""",
    "it": """
Una giovane donna con i capelli corti sta davanti a una casa di legno e sorride alla macchina
fotografica mentre la luce della sera entra dalla finestra. Dietro di lei si vedono le montagne con
la neve, un lago tranquillo e alcuni vecchi alberi. Vorrebbe essere dipinta nello stile di un
pittore famoso, con colori forti, ombre morbide e qualcosa che sembri un quadro a olio. L'uomo
accanto a lei porta da anni lo stesso cappotto blu; pensa che niente potrebbe essere più bello che
camminare per la città di notte, quando le strade sono bagnate e ogni negozio ha la sua insegna.
Mostrali insieme al tavolo mentre bevono il caffè, come se si conoscessero da moltissimo tempo.
Quale di questi dobbiamo disegnare prima, e quanto dello sfondo vuoi vedere?
""",
    "pt": """
Uma mulher jovem de cabelo curto está em frente a uma casa de madeira e sorri para a câmera enquanto
a luz da tarde entra pela janela. Atrás dela há montanhas com neve, um lago tranquilo e algumas
árvores velhas. Ela gostaria de ser pintada no estilo de um pintor famoso, com cores fortes, sombras
suaves e alguma coisa que pareça uma pintura a óleo. O homem ao lado dela usa há anos o mesmo casaco
azul; ele acha que nada poderia ser melhor do que andar pela cidade à noite, quando as ruas estão
molhadas e cada loja tem o seu próprio letreiro. Mostre os dois juntos à mesa, tomando café, como se
não se conhecessem há pouco tempo. Qual deles devemos desenhar primeiro, e quanto do fundo você quer
ver?
""",
    "nl": """
Een jonge vrouw met kort haar staat voor een houten huis en lacht naar de camera terwijl het licht
van de avond door het raam valt. Achter haar zie je bergen met sneeuw, een stil meer en een paar
oude bomen. Ze zou graag geschilderd worden in de stijl van een beroemde schilder, met sterke
kleuren, zachte schaduwen en iets dat op een olieverfschilderij lijkt. De man naast haar draagt al
jaren dezelfde blauwe jas; hij denkt dat niets mooier kan zijn dan 's nachts door de stad te lopen,
als de straten nat zijn en elke winkel zijn eigen bord heeft. Laat ze samen aan tafel zien, terwijl
ze koffie drinken, alsof ze elkaar al heel lang kennen. Welke van deze zullen we eerst tekenen?
""",
    "pl": """
Młoda kobieta z krótkimi włosami stoi przed drewnianym domem i uśmiecha się do aparatu, podczas gdy
światło wieczoru wpada przez okno. Za nią widać góry ze śniegiem, spokojne jezioro i kilka starych
drzew. Chciałaby zostać namalowana w stylu sławnego malarza, z mocnymi kolorami, miękkimi cieniami i
czymś, co wygląda jak obraz olejny. Mężczyzna obok niej od lat nosi ten sam niebieski płaszcz;
myśli, że nic nie mogłoby być lepsze niż chodzenie nocą po mieście, kiedy ulice są mokre, a
każdy sklep ma swój własny szyld. Pokaż ich razem przy stole, jak piją kawę, jakby
znali się od bardzo dawna.
""",
    "tr": """
Kısa saçlı genç bir kadın ahşap bir evin önünde duruyor ve akşam ışığı pencereden içeri girerken
kameraya gülümsüyor. Arkasında karlı dağlar, sessiz bir göl ve birkaç yaşlı ağaç görünüyor. Ünlü bir
ressamın tarzında, güçlü renklerle, yumuşak gölgelerle ve yağlı boya tabloya benzeyen bir şekilde
çizilmek istiyor. Yanındaki adam yıllardır aynı mavi paltoyu giyiyor; sokaklar ıslakken ve her
dükkanın kendi tabelası varken gece şehirde yürümekten daha güzel bir şey olamayacağını düşünüyor.
Onları masada birlikte kahve içerken, sanki birbirlerini çok uzun zamandır tanıyorlarmış gibi
göster.
""",
}

# Words that every sentence has.
SMALL_WORDS = {
    "en": "the of and a to in is with on for as at by an it his her from this that under over",
    "de": "der die das und ein eine in mit auf für von im ist als zu am dem den des bei diese",
    "fr": "le la les et un une de des du dans avec sur pour en est au aux par que qui ces comme",
    "es": "el la los las y un una de del en con por para es al como que su sobre estas",
    "it": "il la i gli e un una di del della in con per è al come che su nel dei queste",
    "pt": "o a os as e um uma de do da em com por para é ao como que no na estas",
    "nl": "de het een en van in met op voor is als bij aan te dat die naar zijn uit deze",
    "pl": "i w na z do się nie to jest jak po od za przez dla",
    "tr": "bir ve bu da de için ile gibi çok olan",
}
